import type { JsonSchema, ToolVersion } from '../tools/types.js'
import { nothing, type Statement, sql, statement } from './statement.js'
import { type ToolConditions, toolCondition } from './tools-collection.js'
import { type ToolRow, toolColumns } from './tools-columns.js'

export function selectTool(name: string, removed: boolean): Statement<ToolRow> {
  return statement(sql`
    select ${toolColumns}
    from tools t
    where t.name = ${name} and ${toolCondition({ removed })}`)
}

/** The tool as it was while it had this version; what is not of a version is as it is now. */
export function selectToolAt(name: string, version: number, removed: boolean): Statement<ToolRow> {
  return statement(sql`
    select ${toolColumns}
    from (
      select
        t.id, t.name, v.description, v.parameters, t.tags, t.enabled, v.version, t.language, t.created_at,
        v.created_at as updated_at, t.removed_at
      from tools t
      join tool_versions v on v.tool_id = t.id
      where t.name = ${name} and v.version = ${version}::int4 and ${toolCondition({ removed })}
    ) t`)
}

/** The schema that a call is checked against: of the version, or of the present one. */
export function selectParameters(
  name: string,
  version: number | null,
): Statement<{ parameters: JsonSchema }> {
  return statement(
    version === null
      ? sql`select t.parameters from tools t where t.name = ${name} and t.removed_at is null`
      : sql`
    select v.parameters
    from tools t
    join tool_versions v on v.tool_id = t.id
    where t.name = ${name} and v.version = ${version}::int4 and t.removed_at is null`,
  )
}

/** All versions of a tool, oldest first, those of a removed one too. */
export function selectVersions(name: string): Statement<ToolVersion> {
  return statement(sql`
    select
      v.version, v.description, v.parameters, encode(v.content_hash, 'hex') as "contentHash", v.created_at as "createdAt"
    from tools t
    join tool_versions v on v.tool_id = t.id
    where t.name = ${name}
    order by v.version`)
}

/** The next tools by name, in the order of their bytes: the same in every database. */
export function selectTools(
  of: ToolConditions,
  { after, limit }: { after: string | null; limit: number },
): Statement<ToolRow> {
  return statement(sql`
    select ${toolColumns}
    from tools t
    where ${toolCondition(of)} ${after === null ? nothing : sql`and t.name collate "C" > ${after}::text`}
    order by t.name collate "C"
    limit ${limit}::int4`)
}

export function setEnabled(name: string, enabled: boolean): Statement<ToolRow> {
  return statement(sql`
    update tools t
    set enabled = ${enabled}::boolean, updated_at = case when t.enabled = ${enabled}::boolean then t.updated_at else now() end
    where t.name = ${name} and t.removed_at is null
    returning ${toolColumns}`)
}

/** Removes softly: versions, vectors and usage stay. */
export function removeTool(name: string): Statement<ToolRow> {
  return statement(sql`
    update tools t
    set removed_at = now(), updated_at = now()
    where t.name = ${name} and t.removed_at is null
    returning ${toolColumns}`)
}

/** Removes a tool, removed before or not, and all that refers to it. */
export function purgeTool(name: string): Statement<ToolRow> {
  return statement(sql`
    delete from tools t
    where t.name = ${name}
    returning ${toolColumns}`)
}
