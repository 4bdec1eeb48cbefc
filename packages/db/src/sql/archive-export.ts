import { ARCHIVE_TABLE_NAMES, type ArchiveTable, columnList, identifier } from './archive-tables.js'
import { isLive } from './memory-columns.js'
import { type Fragment, integerLiteral, nothing, type Statement, sql, statement } from './statement.js'

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
    set_config('idle_in_transaction_session_timeout', '0', true), set_config('funes.scope', 'all-users', true)`)

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
  tool_usage: { ...byId, order: ['at', 'id'], user: 'user_id' },
}

/** Of which rows a table's part of the archive consists. */
function from(table: ArchiveTable, { users, includeDeleted }: ArchiveScope): Fragment {
  const { alias, user, ofMemory } = READINGS[table]
  const onlyLive = !includeDeleted && (ofMemory || table === 'memories')
  const ofUsers = users !== null && user !== null
  return sql`
    from ${identifier(table)} ${identifier(alias)}
    ${onlyLive && ofMemory ? sql`join memories m on m.user_id = t.user_id and m.id = t.memory_id` : nothing}
    where ${ofUsers ? sql`${columnList([user], alias)} = any (${[...users]}::text[])` : sql`true`}
      ${onlyLive ? sql`and ${isLive}` : nothing}`
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

/** Makes ready to read a table's rows in the order of the archive, page by page. */
export function declareRows(
  table: ArchiveTable,
  columns: readonly string[],
  scope: ArchiveScope,
): Statement<never> {
  const { alias, owner, id, order, hasVector } = READINGS[table]
  return statement(
    sql`
    declare ${cursor(table)} no scroll cursor for
    select
      ${owner} as owner, ${id} as id,
      (select row_to_json(r) from (select ${columnList(columns, alias)}) r)::text as row,
      ${hasVector ? sql`vector_send(t.embedding)` : sql`null::bytea`} as vector
    ${from(table, scope)}
    order by ${columnList(order, alias)}`,
    { prepare: false },
  )
}

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
