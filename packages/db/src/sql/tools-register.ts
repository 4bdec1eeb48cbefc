import type { VectorSpace } from './distance.js'
import { storableModel } from './models.js'
import { integerLiteral, join, nothing, type Statement, sql, statement } from './statement.js'
import { type ToolRow, toolColumns, toolMark } from './tools-columns.js'

/** One tool, checked and ready for the wire. Null leaves what a registered tool has. */
export interface NewTool {
  name: string
  description: string
  /** JSON text. */
  parameters: string
  searchText: string
  tags: readonly string[] | null
  enabled: boolean | null
  language: string | null
  /** pgvector's binary form, of name and description; null leaves what is there of the same text. */
  embedding: Buffer | null
  /** Whether it comes without a vector because there was one of this text: then the text may not have changed since. */
  keepsVector: boolean
}

export type RegisteredRow = ToolRow & {
  id: number
  /** Whether this statement made the version that the tool now has. */
  isNewVersion: boolean
  /** Whether it changed anything of the tool. */
  isChanged: boolean
}

const DEFAULT_LANGUAGE = 'english'

function values(tool: NewTool) {
  return sql`(
    ${tool.name}::text, ${tool.description}::text, ${tool.parameters}::jsonb, ${tool.searchText}::text,
    ${tool.tags}::text[], ${tool.enabled}::boolean, ${tool.language}::text::regconfig, ${tool.embedding}::vector,
    ${tool.keepsVector}::boolean
  )`
}

/**
 * Registers tools of different names: new ones, new versions of those whose description or parameters differ, and their
 * vectors, in one statement, one round trip. Tools that are registered so already are left alone, down to the row.
 *
 * Of two that register one name at once, the second waits for the first and compares with what that has left. A tool does not
 * come back when it is as asked already and this statement's snapshot cannot see it, or when it was to keep a vector that is
 * gone: then it is to be run again.
 */
export function registerTools(
  tools: readonly NewTool[],
  space: VectorSpace | null,
): Statement<RegisteredRow> {
  const storesVectors = space !== null && tools.some(({ embedding }) => embedding !== null)
  return statement(
    sql`
    with ${storesVectors ? sql`${storableModel(space)},` : nothing}
    given (name, description, parameters, search_text, tags, enabled, language, embedding, keeps_vector) as materialized (
      select v.*
      from (values ${join(tools.map(values))}) v ${storesVectors ? sql`cross join storable_model` : nothing}
    ),
    t as (
      insert into tools as was (name, description, parameters, search_text, tags, enabled, language)
      select
        name, description, parameters, search_text, coalesce(tags, '{}'), coalesce(enabled, true),
        coalesce(language, ${DEFAULT_LANGUAGE}::text::regconfig)
      from given g
      where not keeps_vector or exists (select from tools there where there.name = g.name)
      -- Two batches that share names must wait for each other in the same order, or both wait for ever.
      order by name
      on conflict (name) do update
      set
        (description, parameters, search_text, tags, enabled, language, removed_at, updated_at, version) = (
          select
            g.description, g.parameters, g.search_text, coalesce(g.tags, was.tags), coalesce(g.enabled, was.enabled),
            coalesce(g.language, was.language), null::timestamptz, now(),
            was.version + case when was.description = g.description and was.parameters = g.parameters then 0 else 1 end
          from given g
          where g.name = was.name
        )
      where exists (
        select
        from given g
        where g.name = was.name and (not g.keeps_vector or was.description = g.description) and (
          was.removed_at is not null or was.description <> g.description or was.parameters <> g.parameters
          or was.search_text <> g.search_text or g.tags <> was.tags or g.enabled <> was.enabled
          or g.language <> was.language
        )
      )
      returning *
    ),
    known as (
      select t.*, true as changed
      from t
      union all
      -- As it was when the statement began, and only if that is what is asked for: else another has just changed it.
      select same.*, false
      from tools same
      join given g on g.name = same.name and g.description = same.description and g.parameters = same.parameters
      where
        not exists (select from t where t.name = same.name)
        and same.removed_at is null and same.search_text = g.search_text and same.tags = coalesce(g.tags, same.tags)
        and same.enabled = coalesce(g.enabled, same.enabled) and same.language = coalesce(g.language, same.language)
    ),
    versions as (
      -- What was written by other means than this has no version kept yet, the one that ends here among them.
      insert into tool_versions (tool_id, version, description, parameters, content_hash)
      select id, version, description, parameters, sha256(convert_to(description || E'\\n' || parameters::text, 'UTF8'))
      from (
        select id, version, description, parameters
        from known
        where not exists (select from tool_versions v where v.tool_id = known.id and v.version = known.version)
        union all
        select old.id, old.version, old.description, old.parameters
        from tools old
        join t on t.id = old.id and t.version > old.version
      ) kept
      on conflict (tool_id, version) do nothing
      returning tool_id, version
    )${storesVectors ? vectors(space) : nothing}
    select
      ${toolColumns}, t.id, t.changed as "isChanged",
      t.changed and exists (select from versions v where v.tool_id = t.id and v.version = t.version)
        and (t.version > 1 or not exists (select from tools old where old.id = t.id)) as "isNewVersion"
    from known t`,
    { prepare: tools.length === 1 },
  )
}

function vectors(space: VectorSpace) {
  return sql`,
    stored as (
      insert into tool_embeddings as e (tool_id, model_id, dimensions, embedding, content_mark)
      select
        k.id, ${integerLiteral(space.id)}, ${integerLiteral(space.dimensions)}, g.embedding,
        ${toolMark(sql`g.name`, sql`g.description`)}
      from given g
      join known k on k.name = g.name
      where g.embedding is not null
      on conflict (tool_id, model_id) do update
      set embedding = excluded.embedding, content_mark = excluded.content_mark
      where e.embedding <> excluded.embedding or e.content_mark is distinct from excluded.content_mark
    )`
}

/** Those of these tools that have a vector of exactly this text under the model. */
export function selectEmbedded(
  tools: readonly Pick<NewTool, 'name' | 'description'>[],
  modelId: number,
): Statement<{ name: string }> {
  const names = tools.map(({ name }) => name)
  const descriptions = tools.map(({ description }) => description)
  return statement(sql`
    select t.name
    from unnest(${names}::text[], ${descriptions}::text[]) as g (name, description)
    join tools t on t.name = g.name and t.description = g.description
    join tool_embeddings e on e.tool_id = t.id and e.model_id = ${integerLiteral(modelId)}
    where e.content_mark is null or e.content_mark = ${toolMark(sql`t.name`, sql`t.description`)}`)
}
