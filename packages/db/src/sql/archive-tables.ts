import { type Fragment, join, type Statement, sql, statement, trusted } from './statement.js'

/** How a table takes part in an archive. */
interface TableRules {
  /** What makes a row the same one in another database. */
  readonly key: readonly string[]
  /** Columns that say nothing about whether two rows of one key are alike. */
  readonly incidental: readonly string[]
  /** Columns whose values the other database gives itself. */
  readonly local: readonly string[]
  /** Other columns that no two rows of a user may share. */
  readonly unique: readonly string[]
}

const rules = (key: readonly string[], more: Partial<TableRules> = {}): TableRules => ({
  key,
  incidental: [],
  local: [],
  unique: [],
  ...more,
})

/** The tables of an archive, in the order of their rows in it. Their columns are read from the database. */
export const ARCHIVE_TABLES = {
  embedding_models: rules(['name'], { local: ['id', 'replaced_by', 'replaced_at'] }),
  tools: rules(['name'], { local: ['id'], incidental: ['created_at', 'updated_at'] }),
  tool_versions: rules(['tool_id', 'version']),
  tool_embeddings: rules(['tool_id', 'model_id']),
  // A user is made by the way, by the first memory: when says nothing.
  users: rules(['id'], { incidental: ['created_at'] }),
  sessions: rules(['user_id', 'id']),
  memories: rules(['user_id', 'id'], { unique: ['idempotency_key', 'dedup_key'] }),
  memory_access: rules(['user_id', 'memory_id']),
  memory_embeddings: rules(['user_id', 'memory_id', 'model_id']),
  memory_history: rules(['user_id', 'memory_id', 'version']),
  tool_usage_retention: rules(['id']),
  tool_usage: rules(['at', 'id']),
  tool_usage_rollups: rules(['tool_id', 'grain', 'start', 'tool_version']),
} satisfies Record<string, TableRules>

export type ArchiveTable = keyof typeof ARCHIVE_TABLES

export const ARCHIVE_TABLE_NAMES = Object.keys(ARCHIVE_TABLES) as ArchiveTable[]

/** What usages of dropped weeks added up to. They are of all users together, so an archive of some users has none. */
export const TOTALS: readonly ArchiveTable[] = ['tool_usage_retention', 'tool_usage_rollups']

/** Columns that refer to rows whose numbers each database gives itself, and to which table's. */
export const REFERENCES: Readonly<Record<string, 'embedding_models' | 'tools'>> = {
  model_id: 'embedding_models',
  replaced_by: 'embedding_models',
  tool_id: 'tools',
}

/** A table or column name as it stands in a statement. Only names of the catalogue of this database come here. */
export function identifier(name: string): Fragment {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new TypeError('not the name of a column')
  return trusted(`"${name}"`)
}

/** Columns of the table or alias `of`, separated by commas. */
export function columnList(names: readonly string[], of?: string): Fragment {
  return join(
    names.map((name) => (of === undefined ? identifier(name) : sql`${identifier(of)}.${identifier(name)}`)),
  )
}

/** A column as the catalogue has it. */
export interface CatalogColumn {
  table: ArchiveTable
  name: string
  /** As in pg_type: `text`, `timestamptz`, `_text` for an array of text. */
  type: string
  /** The values of an enum. */
  labels: string[] | null
  required: boolean
  hasDefault: boolean
}

/** The columns of the archive's tables that can be written, in their order. */
export const selectCatalog: Statement<CatalogColumn> = statement(sql`
  select
    c.relname::text as table, a.attname::text as name, t.typname::text as type,
    (
      select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid
    ) as labels,
    a.attnotnull as required, a.atthasdef or a.attidentity <> '' as "hasDefault"
  from unnest(${ARCHIVE_TABLE_NAMES}::text[]) as name
  join pg_class c on c.oid = to_regclass(name)
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  join pg_type t on t.oid = a.atttypid
  order by c.relname, a.attnum`)

/** The tables of which this role sees a part only, although it means all users. */
export const selectHidden: Statement<{ table: string }> = statement(sql`
  select c.relname::text as table
  from unnest(${ARCHIVE_TABLE_NAMES}::text[]) as name
  join pg_class c on c.oid = to_regclass(name)
  where row_security_active(c.oid) and not exists (
    select from pg_policy p
    where p.polrelid = c.oid and p.polname = 'funes_everyone'
      and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role(r, 'usage'))
  )
  order by 1`)
