import { type Statement, sql, statement } from './statement.js'

/** Those of the tables that there are, found as statements find them. */
export function selectTables(tables: readonly string[]): Statement<{ name: string }> {
  return statement(sql`
    select name
    from unnest(${[...tables]}::text[]) name
    where to_regclass(name) is not null`)
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
