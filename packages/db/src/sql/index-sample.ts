import { integerLiteral, type Statement, sql, statement } from './statement.js'

export interface SampleRow {
  userId: string
  id: string
  /** pgvector's binary form. */
  embedding: Buffer
}

/** Whether row-level security keeps vectors from this role, unless it says whose it means. */
export const selectRowSecurity = statement<{ isActive: boolean }>(sql`
  select row_security_active('memory_embeddings'::regclass) as "isActive"`)

/** Pages are drawn, and rows of them: so many times more than are wanted, as few of a page may be this model's. */
const OVERDRAW = 20

/**
 * Up to `size` vectors of a model, drawn at random out of random pages; out of all, when those have too few. Half a page's rows
 * may be neighbours in time, but a sample this thin seldom takes two of one page.
 */
export function selectSample(
  modelId: number,
  size: number,
  { ofPages }: { ofPages: boolean },
): Statement<SampleRow> {
  const pages = sql`
    tablesample system (least(100, 100.0 * ${size * OVERDRAW}::float8 / greatest(1, (
      select greatest(reltuples, 1) from pg_class where oid = 'memory_embeddings'::regclass
    ))))`
  return statement(
    sql`
    select e.user_id as "userId", e.memory_id as id, vector_send(e.embedding) as embedding
    from memory_embeddings e ${ofPages ? pages : sql``}
    where e.model_id = ${integerLiteral(modelId)} and e.active and (e.expires_at is null or e.expires_at > now())
    order by random()
    limit ${integerLiteral(size)}`,
    { prepare: false },
  )
}

/**
 * Means the rows of all users, for as long as the statement lasts: else row-level security shows the tables' owner none. The
 * inner query names the setting, so that it is set before the first row is asked for.
 */
const everyone = sql`(select set_config('funes.scope', 'all-users', true) as scope offset 0) everyone cross join lateral`

/**
 * How many live vectors a model has, of one user or of all, counted up to `upTo`.
 *
 * @param isShared for a statement of its own about everyone; in a caller's transaction what it means would outlast it
 */
export function countLiveVectors(
  modelId: number,
  userId: string | null,
  upTo: number,
  { isShared = false } = {},
): Statement<{ rows: number }> {
  const condition = isShared ? sql`and everyone.scope <> ''` : sql``
  const user = userId === null ? sql`` : sql`and user_id = ${userId}`
  return statement(sql`
    select count(*)::float8 as rows
    from ${isShared ? everyone : sql``} (
      select
      from memory_embeddings
      where model_id = ${integerLiteral(modelId)} and active and (expires_at is null or expires_at > now()) ${user} ${condition}
      limit ${integerLiteral(upTo)}
    ) counted`)
}

/** How many tools have a vector under a model, counted up to `upTo`. */
export function countToolVectors(modelId: number, upTo: number): Statement<{ rows: number }> {
  return statement(sql`
    select count(*)::float8 as rows
    from (
      select
      from tool_embeddings
      where model_id = ${integerLiteral(modelId)}
      limit ${integerLiteral(upTo)}
    ) counted`)
}
