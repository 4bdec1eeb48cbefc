import type { GivenRows } from './archive-import.js'
import { type Statement, sql, statement } from './statement.js'

/** The numbers of these tools here. */
export function selectToolNumbers(names: readonly string[]): Statement<{ id: number; name: string }> {
  return statement(sql`select id, name from tools where name = any (${[...names]}::text[])`)
}

/** Whether nobody has stored anything yet. */
export const selectIsEmpty = statement<{ empty: boolean }>(sql`
  select not exists (select from users) and not exists (select from tools) as empty`)

/**
 * Gives models of these names what the archive says of them: their state, what took over from them, and, where the kind of
 * index is the same, how hard it must be asked.
 */
export function adoptModels({ json, numbers }: GivenRows, names: readonly string[]): Statement<never> {
  const ids = JSON.stringify(numbers.embedding_models)
  return statement(sql`
    update embedding_models m
    set
      state = r.state, settings = r.settings, replaced_at = r.replaced_at,
      replaced_by = (${ids}::jsonb ->> r.replaced_by::text)::int4,
      calibration = case when m.index_kind = r.index_kind then r.calibration end
    from json_array_elements(${json}::json) l (line)
    cross join lateral json_populate_record(null::embedding_models, l.line -> 'row') r
    where m.name = r.name and m.name = any (${[...names]}::text[])`)
}

/** The texts of these tools, those aside that have a vector of it under the model. */
export function selectToolTexts(
  names: readonly string[],
  modelId: number,
): Statement<{ id: number; text: string }> {
  return statement(sql`
    select t.id, t.name || ': ' || t.description as text
    from tools t
    where t.name = any (${[...names]}::text[])
      and not exists (select from tool_embeddings e where e.tool_id = t.id and e.model_id = ${modelId}::int4)
    order by t.id`)
}
