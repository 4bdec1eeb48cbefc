import { ARCHIVE_TABLES, type ArchiveTable, columnList, identifier, REFERENCES } from './archive-tables.js'
import { type Fragment, integerLiteral, join, nothing, type Statement, sql, statement } from './statement.js'

/** The numbers that models and tools have here, by those that they have in the archive. */
export interface Numbers {
  readonly embedding_models: Readonly<Record<string, number>>
  readonly tools: Readonly<Record<string, number>>
}

/** Rows of one table on their way into the database. */
export interface GivenRows {
  readonly table: ArchiveTable
  /** The archived columns. */
  readonly columns: readonly string[]
  /** A JSON array of objects, each with its row as `row`: text, so that nothing is lost on the way. */
  readonly json: string
  readonly numbers: Numbers
}

const written = ({ table, columns }: GivenRows): string[] =>
  columns.filter((name) => !ARCHIVE_TABLES[table].local.includes(name))

/** A common table expression, `given`: the rows, and the place of each in the array. */
function given(rows: GivenRows): Fragment {
  const values = rows.columns.map((name) => {
    const to = REFERENCES[name]
    if (to === undefined) return columnList([name], 'r')
    const numbers = JSON.stringify(rows.numbers[to])
    return sql`(${numbers}::jsonb ->> r.${identifier(name)}::text)::int4 as ${identifier(name)}`
  })
  return sql`given as materialized (
      select l.place::int4 as place, ${join(values)}
      from json_array_elements(${rows.json}::json) with ordinality l (line, place)
      cross join lateral json_populate_record(null::${identifier(rows.table)}, l.line -> 'row') r
    )`
}

function sameKey(table: ArchiveTable): Fragment {
  const { key } = ARCHIVE_TABLES[table]
  return sql`(${columnList(key, 't')}) = (${columnList(key, 'g')})`
}

/** Reads the rows as what the table holds, and stores nothing. */
export function readGiven(rows: GivenRows): Statement<{ read: number }> {
  return statement(sql`
    with ${given(rows)}
    select count(*)::int4 as read from given`)
}

/** Stores the rows whose keys are free, and says how many those were. */
export function insertGiven(rows: GivenRows): Statement<{ added: number }> {
  const columns = written(rows)
  return statement(sql`
    with ${given(rows)},
    added as (
      insert into ${identifier(rows.table)} (${columnList(columns)})
      select ${columnList(columns, 'g')} from given g order by g.place
      on conflict do nothing
      returning 1
    )
    select count(*)::int4 as added from added`)
}

/**
 * - `differs`: a row of that key is there, and is another.
 * - `taken`: another row holds something that no two may have.
 */
export interface MetRow {
  place: number
  state: 'differs' | 'taken'
}

/** Which of the rows cannot be stored as they are. */
export function selectMet(rows: GivenRows): Statement<MetRow> {
  const { key, incidental, unique } = ARCHIVE_TABLES[rows.table]
  const compared = written(rows).filter((name) => !incidental.includes(name) && !key.includes(name))
  const differs =
    compared.length === 0
      ? sql`false`
      : sql`(${columnList(compared, 't')}) is distinct from (${columnList(compared, 'g')})`
  const isTaken = unique
    .filter((name) => rows.columns.includes(name))
    .map(
      (name) => sql`exists (
        select from ${identifier(rows.table)} o
        where o.user_id = g.user_id and o.${identifier(name)} = g.${identifier(name)} and o.id <> g.id
      )`,
    )
  const taken = isTaken.length === 0 ? sql`false` : join(isTaken, ' or ')
  return statement(sql`
    with ${given(rows)}
    select met.place, met.state
    from (
      select
        g.place,
        case
          when ${taken} then 'taken'
          when exists (
            select from ${identifier(rows.table)} t where ${sameKey(rows.table)} and ${differs}
          ) then 'differs'
        end as state
      from given g
    ) met
    where met.state is not null
    order by met.place`)
}

/** Makes the rows that are there what the archive says. */
export function replaceGiven(rows: GivenRows): Statement<never> {
  const { key } = ARCHIVE_TABLES[rows.table]
  const columns = written(rows).filter((name) => !key.includes(name))
  return statement(sql`
    with ${given(rows)}
    update ${identifier(rows.table)} t
    set ${join(columns.map((name) => sql`${identifier(name)} = g.${identifier(name)}`))}
    from given g
    where ${sameKey(rows.table)}`)
}

/**
 * Removes what belongs to these memories or tools, before they are replaced. Vectors under models that the archive does not have
 * stay, unless the text is to be another.
 */
export function deleteOf(child: ArchiveTable, parents: GivenRows): Statement<never> {
  const ofMemory = parents.table === 'memories'
  const text = ofMemory ? 'content' : 'description'
  const models = Object.values(parents.numbers.embedding_models)
  const isStale = !child.endsWith('_embeddings')
    ? nothing
    : sql`and (
        c.model_id = any (${models}::int4[])
        or t.${identifier(text)} is distinct from g.${identifier(text)}
      )`
  return statement(sql`
    with ${given(parents)}
    delete from ${identifier(child)} c
    using ${identifier(parents.table)} t
    join given g on ${sameKey(parents.table)}
    where ${ofMemory ? sql`c.user_id = t.user_id and c.memory_id = t.id` : sql`c.tool_id = t.id`} ${isStale}`)
}

/** Rows of usages are all there from the later of both moments on. */
export function mergeRetention(rows: GivenRows): Statement<never> {
  return statement(sql`
    with ${given(rows)}
    insert into tool_usage_retention as r (${columnList(rows.columns)})
    select ${columnList(rows.columns, 'g')} from given g
    on conflict (id) do update set raw_from = greatest(r.raw_from, excluded.raw_from)`)
}

/** Counts that are there already and higher stay. */
export function mergeAccess(rows: GivenRows): Statement<never> {
  return statement(sql`
    with ${given(rows)}
    insert into memory_access as a (${columnList(rows.columns)})
    select ${columnList(rows.columns, 'g')} from given g order by g.place
    on conflict (user_id, memory_id) do update
    set
      access_count = greatest(a.access_count, excluded.access_count),
      last_accessed_at = greatest(a.last_accessed_at, excluded.last_accessed_at)`)
}

/** Stores vectors where there are none under their model. */
export function insertVectors(rows: GivenRows, vectors: readonly Buffer[]): Statement<never> {
  const pairs = vectors.map((vector, i) => sql`(${integerLiteral(i + 1)}, ${vector}::vector)`)
  return statement(
    sql`
    with ${given(rows)}, vectors (place, embedding) as (values ${join(pairs)})
    insert into ${identifier(rows.table)} (${columnList(rows.columns)}, embedding)
    select ${columnList(rows.columns, 'g')}, v.embedding
    from given g
    join vectors v on v.place = g.place
    order by g.place
    on conflict do nothing`,
    { prepare: false },
  )
}
