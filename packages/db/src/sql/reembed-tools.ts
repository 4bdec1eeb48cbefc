import { contentMark } from './reembed.js'
import { type Fragment, integerLiteral, join, type Statement, sql, statement } from './statement.js'

/** The text that a tool is embedded by, of the table or alias `t`. */
const toolText = sql`t.name || ': ' || t.description`

const mark: Fragment = contentMark(sql`sha256(convert_to(${toolText}, 'UTF8'))`)

export interface ToolText {
  id: number
  text: string
}

/** Tools that have a vector under one of `from`, and none of their present text under `to`. */
export function selectToolsWithout(
  from: readonly number[],
  to: number,
  { after, limit }: { after: number; limit: number },
): Statement<ToolText> {
  return statement(sql`
    select t.id, ${toolText} as text
    from tools t
    where t.id > ${after}::int4
      and exists (select from tool_embeddings f where f.tool_id = t.id and f.model_id = any (${from}::int4[]))
      and not exists (
        select from tool_embeddings e
        where e.tool_id = t.id and e.model_id = ${integerLiteral(to)} and (e.content_mark is null or e.content_mark = ${mark})
      )
    order by t.id
    limit ${integerLiteral(limit)}`)
}

/** How many tools that are not removed have a vector under one of `from`, and none under `to`. */
export function countMissingTools(from: readonly number[], to: number): Statement<{ missing: number }> {
  return statement(sql`
    select count(*)::float8 as missing
    from tools t
    where t.removed_at is null
      and exists (select from tool_embeddings f where f.tool_id = t.id and f.model_id = any (${from}::int4[]))
      and not exists (select from tool_embeddings e where e.tool_id = t.id and e.model_id = ${integerLiteral(to)})`)
}

/** How many tools are to have a vector under the new model, and how many have it. */
export function countTools(from: readonly number[], to: number): Statement<{ total: number; done: number }> {
  return statement(sql`
    select count(*)::float8 as total, count(e.model_id)::float8 as done
    from tools t
    left join tool_embeddings e
      on e.tool_id = t.id and e.model_id = ${integerLiteral(to)} and (e.content_mark is null or e.content_mark = ${mark})
    where exists (select from tool_embeddings f where f.tool_id = t.id and f.model_id = any (${from}::int4[]))`)
}

/** Stores vectors of tools whose text is still the one that they were made of. */
export function storeToolVectors(
  vectors: readonly (ToolText & { embedding: Buffer })[],
  model: { id: number; dimensions: number },
): Statement<{ id: number }> {
  const rows = vectors.map(
    ({ id, text, embedding }) => sql`(${id}::int4, ${text}::text, ${embedding}::vector)`,
  )
  return statement(
    sql`
    with made (id, content, embedding) as (values ${join(rows)}),
    same as materialized (
      select t.id, ${mark} as mark, made.embedding
      from made
      join tools t on t.id = made.id
      where ${toolText} = made.content
      for share of t skip locked
    )
    insert into tool_embeddings as e (tool_id, model_id, dimensions, embedding, content_mark)
    select id, ${integerLiteral(model.id)}, ${integerLiteral(model.dimensions)}, embedding, mark
    from same
    on conflict (tool_id, model_id) do update
    set embedding = excluded.embedding, content_mark = excluded.content_mark
    returning e.tool_id as id`,
    { prepare: false },
  )
}

export function deleteToolVectors(modelId: number): Statement<never> {
  return statement(sql`delete from tool_embeddings where model_id = ${integerLiteral(modelId)}`)
}

/** Lets nobody change tools until the transaction ends, and waits for who does. */
export const lockToolWrites = statement<never>(sql`lock table tools in share row exclusive mode`)
