import { type Collection, MEMORIES } from './collection.js'
import { type Fragment, integerLiteral, nothing, sql, trusted } from './statement.js'
import type { TextQuestion } from './text-condition.js'
import { isCommon, isSampled, sampledRows } from './text-sample.js'

export interface TextSearch extends TextQuestion {
  /** What is searched; memories unless given. */
  collection?: Collection | undefined
  /** Which rows of `m` are searched. */
  rows: Fragment
  /** The one user whose rows they are, so that few of them can be read without reading everyone's; null for all users. */
  userId: string | null
  /** Whether `rows` says more than whose they are. */
  isFiltered: boolean
  /** How many rows are to come. */
  limit: number
  /** How many must come if so many have any of the words; rows with common words alone are looked for only below that. */
  atLeast: number
  /** Whether rows lend what each of their words scores. */
  lends: boolean
}

/** What two neighbouring words of a question add to a memory that has them side by side too, of the rarer one's weight. */
const PHRASE = '0.3'
/** So many pairs at most, the weightiest. */
const PHRASES_UP_TO = 24

/** How far rows are counted through the index, where no sample says how many there are. */
const COUNT_UP_TO = 5000
/** A corpus is counted so far: the weight of a word changes with its logarithm. */
const CORPUS_UP_TO = 20_000
/**
 * Up to so many searched rows of one user are read whole, in place of asking the index, which knows words but not whose
 * they are: with 100,000 memories of others, words cost a user of 100 memories 20 ms so, and everyone's growth the more.
 */
const READ_UP_TO = 5000
/**
 * Of so many different words at most, its first ones, a question is made: the server looks up each by itself, and of a pasted
 * text of 4,000 words that took minutes.
 */
const LOOKED_UP = 100
/** So many words of a question count at most, the weightiest: no question has more, and a pasted text says enough with them. */
const WORDS_UP_TO = 64

const rowsOf = ({ collection = MEMORIES }: TextSearch) => collection.rows

/** Whether all that is searched has been read. */
export const isRead = sql`(select is_read from reading)`

/**
 * The common table expressions that find the words of a question and what they weigh, `weights` and `phrases` last.
 *
 * Document frequencies are those of the searched rows, so of that user: "Berlin" is rare in general, and says nothing in
 * the memories of somebody who lives there. Terms come from the rows' tsvectors; no extension is needed.
 */
export function termWeights(search: TextSearch): Fragment {
  return sql`
    ${searchedRows(search)},
    ${sampledRows(search, isRead)},
    lexemes as materialized (
      select lexeme, positions, quoted, quoted::tsquery as query
      from (
        select lexeme, positions, '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' as quoted
        from unnest(to_tsvector(${search.language}::text::regconfig, ${search.query.words}))
        order by positions[1], lexeme
        limit ${integerLiteral(LOOKED_UP)}
      ) asked
    ),
    guessed as materialized (
      select
        l.*, g.hits,
        ${isSampled} and ${isCommon(search)} as is_common
      from lexemes l
      cross join lateral (select count(*)::float8 as hits from sample m where m.search @@ l.query) g
    ),
    terms as materialized (
      select
        g.lexeme, g.positions, g.quoted, g.query,
        case
          when ${isRead} then (select count(*)::float8 from searched m where m.search @@ g.query)
          when g.is_common then g.hits / (select share from sampled)
          else (${countedUpTo(search, sql`m.search @@ g.quoted::tsquery and`)})
        end as df
      from guessed g
    ),
    corpus as materialized (
      select
        case
          when ${isRead} then (select count(*)::float8 from searched)
          when ${isSampled} then (select n / share from sampled)
          else (${countedUpTo(search)})
        end as n
    ),
    rarity as materialized (
      select terms.*, ln(1 + (greatest(corpus.n, df) - df + 0.5) / (df + 0.5)) as idf
      from terms
      cross join corpus
    ),
    weights as materialized (
      select lexeme, positions, quoted, query, df, idf
      from rarity
      where df > 0
      order by idf desc, lexeme
      limit ${integerLiteral(WORDS_UP_TO)}
    ),
    ${phrases()}`
}

/** The rows that are searched, where they are one user's and few. */
function searchedRows(search: TextSearch): Fragment {
  const { rows, userId, isFiltered } = search
  const limit = integerLiteral(READ_UP_TO)
  const isFew = sql`count(*) <= ${limit} as is_read`
  const whole = (gate: Fragment, upTo: number) => sql`searched as materialized (
      select m.user_id, m.id, m.search
      from ${rowsOf(search)} m
      where ${gate} ${rows}
      limit ${integerLiteral(upTo)}
    )`
  if (userId === null)
    return sql`${whole(nothing, 0)},
    reading as materialized (select false as is_read)`
  if (isFiltered)
    return sql`${whole(nothing, READ_UP_TO + 1)},
    reading as materialized (select ${isFew} from searched)`
  // Keys alone say whether there are few, in a quarter of the time that reading them takes.
  return sql`reading as materialized (
      select ${isFew}
      from (
        select from ${rowsOf(search)} m where m.user_id = ${userId} limit ${integerLiteral(READ_UP_TO + 1)}
      ) own
    ),
    ${whole(sql`${isRead} and`, READ_UP_TO)}`
}

/** How many rows fulfil a condition, no further than a limit. */
function countedUpTo(search: TextSearch, condition: Fragment = nothing): Fragment {
  const limit = condition === nothing ? CORPUS_UP_TO : COUNT_UP_TO
  return sql`
        select count(*)::float8
        from (
          select from ${rowsOf(search)} m
          where ${condition} ${search.rows}
          limit ${integerLiteral(limit)}
        ) counted`
}

/** Words that stand side by side in the question, at most one stop word between them, as queries for the same in a memory. */
function phrases(): Fragment {
  return sql`phrases as materialized (
      select (a || ' <' || distance || '> ' || b)::tsquery as query, ${trusted(PHRASE)}::float8 * weight as gives
      from (
        select distinct
          quoted as a, lead(quoted) over question as b,
          lead(place) over question - place as distance, least(idf, lead(idf) over question) as weight
        from weights
        cross join lateral unnest(positions) as place
        window question as (order by place)
      ) pairs
      where distance between 1 and 2
      order by weight desc, a, b
      limit ${integerLiteral(PHRASES_UP_TO)}
    )`
}
