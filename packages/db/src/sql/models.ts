import type { Calibration, EmbeddingModel, IndexKind, Metric, ModelState } from '../models/types.js'
import type { VectorSpace } from './distance.js'
import { type Fragment, integerLiteral, type Statement, sql, statement } from './statement.js'

/** The columns of an {@link EmbeddingModel}, of the table or alias `m`. */
const columns = sql`
  m.id, m.name, m.dimensions, m.metric::text as metric, m.index_kind::text as "indexKind", m.state::text as state,
  (select r.name from embedding_models r where r.id = m.replaced_by) as "replacedBy", m.calibration,
  m.created_at as "createdAt"`

export function selectModel(name: string): Statement<EmbeddingModel> {
  return statement(sql`select ${columns} from embedding_models m where m.name = ${name}`)
}

export function selectModels(): Statement<EmbeddingModel> {
  return statement(sql`select ${columns} from embedding_models m order by m.id`)
}

export interface FollowedModel extends EmbeddingModel {
  /** `asked`: of that name; `current`: it, or the last that took over; else one that is being built. */
  isAsked: boolean
  isCurrent: boolean
}

/** The model of that name, the one that took over from it, and those being built, in one look. */
export function selectFollowed(name: string): Statement<FollowedModel> {
  return statement(sql`
    with recursive followed as (
      select m.id, m.replaced_by, 0 as step from embedding_models m where m.name = ${name}
      union all
      select m.id, m.replaced_by, f.step + 1
      from followed f
      join embedding_models m on m.id = f.replaced_by
      where f.step < 100
    )
    select
      ${columns}, m.name = ${name} as "isAsked",
      m.id = (select f.id from followed f order by f.step desc limit 1) as "isCurrent"
    from embedding_models m
    where m.state = 'building' or m.id in (select f.id from followed f)`)
}

export function insertModel(model: {
  name: string
  dimensions: number
  metric: Metric
  indexKind: IndexKind
  state: ModelState
}): Statement<EmbeddingModel> {
  return statement(sql`
    insert into embedding_models as m (name, dimensions, metric, index_kind, state)
    values (
      ${model.name}, ${model.dimensions}::int4, ${model.metric}::distance_metric, ${model.indexKind}::index_kind,
      ${model.state}::model_state
    )
    on conflict (name) do nothing
    returning ${columns}`)
}

export function setModelState(id: number, state: ModelState): Statement<never> {
  return statement(sql`
    update embedding_models
    set state = ${state}::model_state
    where id = ${id}::int4 and state <> ${state}::model_state`)
}

/** Makes `to` the one that is used, and leads there all that name one of `from`. */
export function replaceModels(from: readonly number[], to: number): Statement<never> {
  return statement(sql`
    update embedding_models
    set
      state = (case when id = ${to}::int4 then 'active' else 'retired' end)::model_state,
      replaced_by = case when id = ${to}::int4 then null else ${to}::int4 end,
      replaced_at = case when id = ${to}::int4 then null else clock_timestamp() end
    where id = ${to}::int4 or id = any (${from}::int4[])`)
}

/** How long ago another took over from the model, in milliseconds; null when none has. */
export function selectReplacedAgo(id: number): Statement<{ agoMs: number | null }> {
  return statement(sql`
    select (extract(epoch from clock_timestamp() - replaced_at) * 1000)::float8 as "agoMs"
    from embedding_models
    where id = ${id}::int4`)
}

export function setCalibration(id: number, calibration: Calibration | null): Statement<never> {
  return statement(sql`
    update embedding_models
    set calibration = ${calibration === null ? null : JSON.stringify(calibration)}::jsonb
    where id = ${id}::int4`)
}

/**
 * Lets no write of memories begin, and waits for those under way; reading goes on. Whoever only changed the model's row
 * might wait for ever: adds that hold it shared let each other pass.
 */
export const lockMemoryWrites = statement<never>(sql`lock table memories in share row exclusive mode`)

/** The SQLSTATE of {@link storableModel}'s refusal. */
export const NOT_STORABLE = '22012'

/**
 * A common table expression, `storable_model`, of one row: that vectors of this model may be stored, which stays so until
 * the transaction ends. Fails by dividing by zero when another model took over. To be named in a condition, else it is not run.
 */
export function storableModel(space: Pick<VectorSpace, 'id'>): Fragment {
  return sql`storable_model as materialized (
      select 1 / count(*) as one
      from (
        select 1
        from embedding_models
        where id = ${integerLiteral(space.id)} and state <> 'retired'
        for share
      ) model
    )`
}
