import type { Occurrence, QueryText } from '../memories/query-text.js'
import { type Fragment, integerLiteral, join, nothing, sql } from './statement.js'

/** What a question in words is, and which text search configuration reads it. */
export interface TextQuestion {
  query: QueryText
  /** A text search configuration of PostgreSQL: `english`, `simple`, … */
  language: string
}

const textOf = (occurrence: Occurrence) => ('phrase' in occurrence ? occurrence.phrase : occurrence.word)

/** All that must and must not occur; its place in the list is its number. */
function occurrencesOf({ required, excludedPhrases, excludedWords }: QueryText): Occurrence[] {
  return [
    ...(required ?? []).flat(),
    ...excludedPhrases.map((phrase) => ({ phrase })),
    ...excludedWords.map((word) => ({ word })),
  ]
}

/**
 * The common table expression `said`, a row for each thing that must or must not occur, with a comma behind; nothing
 * where there are none. Memories are in languages of their own, so it has the stems of every language that the server
 * reads: `leads` to any of them, `bare` are the languages that have none, as all of it are stop words there.
 */
export function saidInEveryLanguage({ query, language }: TextQuestion): Fragment {
  const occurrences = occurrencesOf(query)
  if (occurrences.length === 0) return nothing
  const rows = occurrences.map((one, n) => sql`(${integerLiteral(n)}, ${textOf(one)}::text)`)
  return sql`said as materialized (
        select
          asked.n, phraseto_tsquery('simple', asked.text) as verbatim,
          phraseto_tsquery(${language}::text::regconfig, asked.text) as stems,
          coalesce(
            (string_agg(distinct '(' || every.stems::text || ')', ' | ') filter (where numnode(every.stems) > 0))::tsquery, ''
          ) as leads,
          coalesce(array_agg(every.language) filter (where numnode(every.stems) = 0), '{}') as bare
        from (values ${join(rows)}) asked (n, text)
        cross join lateral (
          select c.oid::regconfig as language, phraseto_tsquery(c.oid::regconfig, asked.text) as stems
          from pg_ts_config c
        ) every
        group by asked.n, asked.text
      ),
      `
}

/** A value of {@link saidInEveryLanguage}, read once a statement and not once a row. */
const of = (n: number, column: Fragment) => sql`(select ${column} from said where n = ${integerLiteral(n)})`

const isBare = (n: number) => sql`m.language = any (${of(n, sql`bare`)}::regconfig[])`
const isVerbatim = (n: number) => sql`to_tsvector('simple', m.content) @@ ${of(n, sql`verbatim`)}`

/** Stems pass over stop words and forms, and are there already: they say which rows are worth reading word for word. */
const hasPhrase = (n: number) =>
  sql`((m.search @@ ${of(n, sql`leads`)} or ${isBare(n)}) and ${isVerbatim(n)})`

/** In the forms that the memory's own language knows; a stop word as it is written. */
const hasWord = (n: number, word: string, language: string) => sql`
        case
          when ${isBare(n)} then ${isVerbatim(n)}
          when m.language = ${language}::text::regconfig then m.search @@ ${of(n, sql`stems`)}
          else m.search @@ phraseto_tsquery(m.language, ${word}::text)
        end`

/** What must occur and what must not, as a condition on the row `m` that is never null; null when there is nothing of either. */
export function textCondition({ query, language }: TextQuestion): Fragment | null {
  let n = 0
  const has = (one: Occurrence) =>
    'phrase' in one ? hasPhrase(n++) : sql`(${hasWord(n++, one.word, language)})`
  const required = query.required?.map((together) => join(together.map(has), ' and '))
  const parts = required === undefined ? [] : [sql`(${join(required, ' or ')})`]
  for (const phrase of query.excludedPhrases) parts.push(sql`not ${has({ phrase })}`)
  for (const word of query.excludedWords) parts.push(sql`not ${has({ word })}`)
  return parts.length === 0 ? null : sql`(${join(parts, ' and ')})`
}

/**
 * Where rows with what is required can be found: those that the index of words leads to, and those to which it does not
 * lead, as what is required is nothing but stop words in their language.
 */
export function waysToRequired(required: readonly (readonly Occurrence[])[]): [Fragment, Fragment] {
  let n = 0
  const together = required.map(
    (all) =>
      sql`(${join(
        all.map(() => of(n++, sql`leads`)),
        ' && ',
      )})`,
  )
  const leads = sql`m.search @@ (select ${join(together, ' || ')})`
  const bare = sql`(select array_agg(one) from said cross join unnest(bare) one where n < ${integerLiteral(n)})`
  return [leads, sql`m.language = any (${bare}::regconfig[]) and not ${leads}`]
}
