import { beyond, type Position } from './archive-position.js'
import { ARCHIVE_TABLE_NAMES, type ArchiveTable, columnList, identifier } from './archive-tables.js'
import { isLive } from './memory-columns.js'
import { type Fragment, integerLiteral, join, nothing, type Statement, sql, statement } from './statement.js'

/** Which rows are archived. */
export interface ArchiveScope {
  /** Null for all. */
  readonly users: readonly string[] | null
  /** Also memories that are deleted or past their time. */
  readonly includeDeleted: boolean
}

/** Begins a transaction in which every statement sees the same, however long it takes. */
export const beginSnapshot = statement<never>(
  sql`begin transaction isolation level repeatable read, read only`,
)

/** How values are written: alike on every server, and so that they come back as they were. */
export const setWritingStyle = statement<never>(sql`
  select
    set_config('timezone', 'UTC', true), set_config('extra_float_digits', '1', true),
    set_config('bytea_output', 'hex', true), set_config('intervalstyle', 'iso_8601', true),
    set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true),
    set_config('funes.scope', 'all-users', true)`)

export const endSnapshot = statement<never>(sql`rollback`)

/** How a table's rows are found: by the alias `t`, memories by `m`. */
interface Reading {
  readonly alias: 't' | 'm'
  /** What a row belongs to, and what it is told apart by in that, as text. */
  readonly owner: Fragment
  readonly id: Fragment
  readonly order: readonly string[]
  /** The column that says whose it is. */
  readonly user: string | null
  readonly ofMemory?: true
  readonly hasVector?: true
}

const nobody = sql`''::text`
const ofTool = (second: string) =>
  ({ alias: 't', owner: nobody, id: sql`t.tool_id::text`, order: ['tool_id', second], user: null }) as const
const ofMemory = (...more: string[]) =>
  ({
    alias: 't',
    owner: sql`t.user_id`,
    id: sql`t.memory_id::text`,
    order: ['user_id', 'memory_id', ...more],
    user: 'user_id',
    ofMemory: true,
  }) as const
const byId = { alias: 't', owner: nobody, id: sql`t.id::text`, order: ['id'], user: null } as const
const ofUser = { owner: sql`t.user_id`, id: sql`t.id`, order: ['user_id', 'id'], user: 'user_id' } as const

const READINGS: Readonly<Record<ArchiveTable, Reading>> = {
  embedding_models: byId,
  tools: byId,
  tool_versions: ofTool('version'),
  tool_embeddings: { ...ofTool('model_id'), hasVector: true },
  users: { ...byId, user: 'id' },
  sessions: { ...ofUser, alias: 't' },
  memories: { ...ofUser, alias: 'm', owner: sql`m.user_id`, id: sql`m.id::text` },
  memory_access: ofMemory(),
  memory_embeddings: { ...ofMemory('model_id'), hasVector: true },
  memory_history: ofMemory('version'),
  tool_usage_retention: byId,
  tool_usage: { ...byId, order: ['at', 'id'], user: 'user_id' },
  tool_usage_rollups: { ...ofTool('grain'), order: ['tool_id', 'grain', 'start', 'tool_version'] },
}

/**
 * What usages of dropped weeks added up to is archived as totals, all else as rows, of which the reader's database makes its
 * totals anew: so nothing is counted twice. No cell of totals reaches over the bound, which is a Monday.
 */
const DROPPED: Partial<Readonly<Record<ArchiveTable, Fragment>>> = {
  tool_usage_retention: sql`t.raw_from is not null`,
  tool_usage: sql`t.at >= coalesce((select raw_from from tool_usage_retention), '-infinity')`,
  tool_usage_rollups: sql`t.start < (select raw_from from tool_usage_retention)
        and (t.tool_id = 0 or exists (select from tools o where o.id = t.tool_id))`,
}

/** Of which rows a table's part of the archive consists. */
function from(table: ArchiveTable, { users, includeDeleted }: ArchiveScope): Fragment {
  const { alias, user, ofMemory } = READINGS[table]
  const onlyLive = !includeDeleted && (ofMemory || table === 'memories')
  const ofUsers = users !== null && user !== null
  const dropped = users === null ? DROPPED[table] : undefined
  return sql`
    from ${identifier(table)} ${identifier(alias)}
    ${onlyLive && ofMemory ? sql`join memories m on m.user_id = t.user_id and m.id = t.memory_id` : nothing}
    where ${ofUsers ? sql`${columnList([user], alias)} = any (${[...users]}::text[])` : sql`true`}
      ${onlyLive ? sql`and ${isLive}` : nothing}
      ${dropped === undefined ? nothing : sql`and ${dropped}`}`
}

const cursor = (table: ArchiveTable): Fragment => identifier(`funes_${table}`)

/** A row as it stands in the archive, as JSON text: numbers and JSON are never read on the way. */
export interface ArchivedRow {
  owner: string
  id: string
  row: string
  /** In pgvector's binary form; null in tables that have none. */
  vector: Buffer | null
}

/** A column of a table, by its name and its type as in pg_type. */
export interface ArchivedColumn {
  readonly name: string
  readonly type: string
}

/** Bits are written by four: as hexadecimal digits PostgreSQL reads them too. */
function writtenAs({ name, type }: ArchivedColumn, alias: string): Fragment {
  const column = columnList([name], alias)
  return type === 'varbit'
    ? sql`'x' || encode(substring(varbit_send(${column}) from 5), 'hex') as ${identifier(name)}`
    : column
}

/** A row as JSON text, in columns of the alias. */
const rowText = (columns: readonly ArchivedColumn[], alias: string): Fragment =>
  sql`(select row_to_json(r) from (select ${join(columns.map((column) => writtenAs(column, alias)))}) r)::text`

/** Makes ready to read a table's rows in the order of the archive, page by page, those beyond a position alone. */
export function declareRows(
  table: ArchiveTable,
  columns: readonly ArchivedColumn[],
  scope: ArchiveScope,
  position: Position | null = null,
): Statement<never> {
  const { alias, owner, id, order, hasVector } = READINGS[table]
  return statement(
    sql`
    declare ${cursor(table)} no scroll cursor for
    select
      ${owner} as owner, ${id} as id, ${rowText(columns, alias)} as row,
      ${hasVector ? sql`vector_send(t.embedding)` : sql`null::bytea`} as vector
    ${from(table, scope)} ${position === null ? nothing : sql`and ${beyond(table, position, alias)}`}
    order by ${columnList(order, alias)}`,
    { prepare: false },
  )
}

/** How many rows, and the sum of the first 48 bits of the SHA-256 of each, as decimal digits. */
export interface RowsDigest {
  rows: number
  sum: string
}

/** What a user's rows of a table come to as they would be archived; of memories those up to one. */
export function digestOfUser(
  table: 'users' | 'sessions' | 'memories',
  columns: readonly ArchivedColumn[],
  scope: ArchiveScope,
  { user, memory }: { user: string; memory: string },
): Statement<RowsDigest> {
  const { alias, user: column } = READINGS[table]
  return statement(sql`
    select
      count(*)::float8 as rows,
      coalesce(sum(('x' || left(encode(sha256(convert_to(d.row, 'UTF8')), 'hex'), 12))::bit(48)::int8), 0)::text as sum
    from (
      select ${rowText(columns, alias)} as row
      ${from(table, scope)} and ${columnList([column as string], alias)} = ${user}::text
        ${table === 'memories' ? sql`and m.id <= ${memory}::uuid` : nothing}
    ) d`)
}

/** From when on rows of usages are all there, as an archive has it; whether totals of before wait to be added up. */
export const selectDropped: Statement<{ rawFrom: string | null; isPending: boolean }> = statement(sql`
  select
    to_json(raw_from) #>> '{}' as "rawFrom",
    exists (select from tool_usage_deltas d where d.start < raw_from) as "isPending"
  from tool_usage_retention`)

/** What tells a database from others: when which migration was made ready in it. */
export const selectDatabase: Statement<{ database: string }> = statement(sql`
  select encode(sha256(convert_to(string_agg(id, ' ' order by id), 'UTF8')), 'hex') as database
  from _prisma_migrations`)

/** The next rows of the table; none when there are no more. */
export function fetchRows(table: ArchiveTable, count: number): Statement<ArchivedRow> {
  return statement(sql`fetch forward ${integerLiteral(count)} from ${cursor(table)}`)
}

/** How many rows an archive will have. */
export function countRows(tables: readonly ArchiveTable[], scope: ArchiveScope): Statement<{ rows: number }> {
  const counts = ARCHIVE_TABLE_NAMES.filter((table) => tables.includes(table)).reduce(
    (sum, table) => sql`${sum} + (select count(*) ${from(table, scope)})`,
    sql`0`,
  )
  return statement(sql`select (${counts})::float8 as rows`, { prepare: false })
}
