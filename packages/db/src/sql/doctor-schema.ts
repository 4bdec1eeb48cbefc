import { type Statement, sql, statement } from './statement.js'

export interface ColumnFact {
  table: string
  column: string
}

/** The columns of those of the tables that there are, found as statements find them. */
export function selectColumns(tables: readonly string[]): Statement<ColumnFact> {
  return statement(sql`
    select name as table, a.attname::text as column
    from unnest(${[...tables]}::text[]) name
    join pg_attribute a on a.attrelid = to_regclass(name)
    where a.attnum > 0 and not a.attisdropped`)
}

export interface PlainIndexFact {
  name: string
  table: string
  valid: boolean
}

/** The indexes of those of the tables that there are, those of vectors left out. */
export function selectPlainIndexes(tables: readonly string[]): Statement<PlainIndexFact> {
  return statement(sql`
    select c.relname::text as name, t.relname::text as table, i.indisvalid and i.indisready as valid
    from unnest(${[...tables]}::text[]) name
    join pg_class t on t.oid = to_regclass(name)
    join pg_index i on i.indrelid = t.oid
    join pg_class c on c.oid = i.indexrelid
    join pg_am am on am.oid = c.relam
    where am.amname not in ('hnsw', 'ivfflat')`)
}
