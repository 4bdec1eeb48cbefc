import type { QueryText } from '../memories/query-text.js'
import { type Collection, MEMORIES } from './collection.js'
import { type Fragment, integerLiteral, join, nothing, sql, trusted } from './statement.js'

/**
 * BM25's parameters (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). Memories are short, and a
 * longer one says more: lengths count for a third of what is usual (b 0.75), and more evidence is found.
 */
const K1 = '1.2'
const B = '0.25'

/** What two neighbouring words of a question add to a memory that has them side by side too, of the rarer one's weight. */
const PHRASE = '0.3'
/** So many pairs at most, the weightiest. */
const PHRASES_UP_TO = 24

/** A row that has half of what the words of the question weigh, those that no memory has among them, is trusted fully. */
const TRUSTED_FROM = '2'

/** How far frequencies are counted: a word in more memories than this is common, and how common matters little. */
const COUNT_UP_TO = 5000
/** So many rows at most are scored; the rarest words of the question say which. */
const SCORE_UP_TO = 5000
/** A corpus is counted so far: the weight of a word changes with its logarithm. */
const CORPUS_UP_TO = 20_000
/**
 * Up to so many searched rows of one user are read whole, in place of asking the index, which knows words but not whose
 * they are: with 100,000 memories of others, words cost a user of 100 memories 20 ms so, and everyone's growth the more.
 */
const READ_UP_TO = 5000
/** So many words of a question count at most, the weightiest: no question has more, and a pasted text says enough with them. */
const WORDS_UP_TO = 64
/**
 * Of the rows that match, so many for each one wanted are scored by BM25: those whose words weigh most, shorter ones
 * first. On 3,000 matching rows that takes a third of the time.
 */
const SHORTLIST = 5

export interface TextSearch {
  /** What is searched; memories unless given. */
  collection?: Collection | undefined
  query: QueryText
  /** A text search configuration of PostgreSQL: `english`, `simple`, … */
  language: string
  /** Which rows of `m` are searched. */
  rows: Fragment
  /** Whether they are one user's, so that few of them can be read without reading everyone's. */
  isOneUser: boolean
  limit: number
}

/** A phrase in the language of the question: stems, and none for stop words. */
function stemmed(language: string, phrase: string): Fragment {
  return sql`phraseto_tsquery(${language}::text::regconfig, ${phrase})`
}

/**
 * Phrases that must occur and words that must not, as a condition on the row `m` that is never null; null when there are
 * none. The queries are uncorrelated, so they are made once and not for each row.
 */
export function textCondition({ query, language }: Pick<TextSearch, 'query' | 'language'>): Fragment | null {
  const stems = (text: string) => sql`(select ${stemmed(language, text)})`
  // Stems pass over stop words and forms, and an index serves them: they say which rows are worth reading.
  const says = (phrase: string) => sql`(
        (numnode(${stems(phrase)}) = 0 or m.search @@ ${stems(phrase)})
        and to_tsvector('simple', m.content) @@ (select phraseto_tsquery('simple', ${phrase}))
      )`
  const hasWord = (word: string) => sql`m.search @@ ${stems(word)}`
  const parts: Fragment[] = [
    ...query.excludedPhrases.map((phrase) => sql`not ${says(phrase)}`),
    ...query.excludedWords.map((word) => sql`not ${hasWord(word)}`),
  ]
  if (query.required !== null) {
    const together = query.required.map((phrases) => join(phrases.map(says), ' and '))
    parts.push(sql`(${join(together, ' or ')})`)
  }
  return parts.length === 0 ? null : sql`(${join(parts, ' and ')})`
}

/**
 * The common table expressions of a BM25 search, `text_hits (user_id, id)` last among them: the `limit` best rows.
 *
 * Document frequencies are those of the searched rows, so of that user: "Berlin" is rare in general, and says nothing in
 * the memories of somebody who lives there. Terms come from the rows' tsvectors; no extension is needed.
 */
export function textHits(search: TextSearch): Fragment {
  return sql`
    ${searchedRows(search)},
    lexemes as materialized (
      select lexeme, positions, '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' as quoted
      from unnest(to_tsvector(${search.language}::text::regconfig, ${search.query.words}))
    ),
    terms as materialized (
      select l.lexeme, l.positions, l.quoted, coalesce(read.df, 0) + counted.df as df
      from lexemes l
      left join (
        select word.lexeme, count(*)::float8 as df
        from searched m
        cross join lateral unnest(m.search) word
        where ${isRead} and word.lexeme in (select lexeme from lexemes)
        group by word.lexeme
      ) read on read.lexeme = l.lexeme
      cross join lateral (${countedUpTo(search, COUNT_UP_TO, sql`m.search @@ l.quoted::tsquery and`)}) counted
    ),
    corpus as materialized (
      select case when ${isRead} then (select count(*) from searched) else counted.df end as n
      from (${countedUpTo(search, CORPUS_UP_TO)}) counted
    ),
    rarity as materialized (
      select terms.*, ln(1 + (greatest(corpus.n, df) - df + 0.5) / (df + 0.5)) as idf
      from terms
      cross join corpus
    ),
    weights as materialized (
      select lexeme, positions, quoted, quoted::tsquery as query, idf
      from rarity
      where df > 0
      order by idf desc, lexeme
      limit ${integerLiteral(WORDS_UP_TO)}
    ),
    ${phrases()},
    chosen as materialized (
      select string_agg(quoted, ' | ')::tsquery as query
      from (
        select quoted, sum(df) over (order by df, lexeme) as rows_so_far, row_number() over (order by df, lexeme) as rank
        from terms
        where df > 0
      ) ranked
      where rows_so_far <= ${integerLiteral(SCORE_UP_TO)} or rank = 1
    ),
    matching as materialized (
      ${search.query.required === null ? matchingWords(search) : matchingPhrases(search, search.query.required)}
      limit ${integerLiteral(SCORE_UP_TO)}
    ),
    average as materialized (
      select greatest(coalesce(avg(length(search)), 1), 1)::float8 as length from matching
    ),
    shortlist as materialized (
      select m.user_id, m.id, m.search
      from matching m
      order by (select sum(w.idf) from weights w where m.search @@ w.query) desc nulls last, length(m.search), m.id
      limit ${integerLiteral(SHORTLIST * search.limit)}
    ),
    text_hits as materialized (
      select m.user_id, m.id
      from shortlist m
      cross join lateral (${wordScores}) said
      order by said.score desc, m.id
      limit ${integerLiteral(search.limit)}
    )`
}

const rowsOf = ({ collection = MEMORIES }: TextSearch) => collection.rows

/** Whether all that is searched has been read. */
const isRead = sql`(select is_read from reading)`

/** The rows that are searched, where they are one user's and few. */
function searchedRows(search: TextSearch): Fragment {
  const { rows, isOneUser } = search
  const isAll = sql`count(*) <= ${integerLiteral(READ_UP_TO)} as is_read from searched`
  return sql`searched as materialized (
      select m.user_id, m.id, m.search
      from ${rowsOf(search)} m
      where ${rows}
      limit ${integerLiteral(isOneUser ? READ_UP_TO + 1 : 0)}
    ),
    reading as materialized (select ${isOneUser ? isAll : sql`false as is_read`})`
}

/** How many rows fulfil a condition, no further than a limit; 0 where all have been read. */
function countedUpTo(search: TextSearch, limit: number, condition: Fragment = nothing): Fragment {
  return sql`
        select count(*)::float8 as df
        from (
          select from ${rowsOf(search)} m
          where not ${isRead} and ${condition} ${search.rows}
          limit ${integerLiteral(limit)}
        ) found`
}

/** The rows `m` that a query of terms leads to. */
function matching(search: TextSearch, ledTo: Fragment): Fragment {
  const condition = textCondition(search)
  return sql`select m.user_id, m.id, m.search
      from ${rowsOf(search)} m
      where ${ledTo} and ${search.rows} ${condition === null ? nothing : sql`and ${condition}`}`
}

function matchingWords(search: TextSearch): Fragment {
  const condition = textCondition(search)
  const chosen = sql`m.search @@ (select query from chosen)`
  const read =
    condition === null
      ? sql`searched m where ${isRead} and ${chosen}`
      : sql`(select user_id, id from searched) s join ${rowsOf(search)} m using (user_id, id)
      where ${isRead} and ${chosen} and ${condition}`
  return sql`select m.user_id, m.id, m.search from ${read}
      union all
      (${matching(search, sql`not ${isRead} and ${chosen}`)})`
}

/** Phrases lead to their rows by their stems. To one of stop words alone, as "to be or not to be", no index leads. */
function matchingPhrases(search: TextSearch, required: readonly (readonly string[])[]): Fragment {
  const together = required.map((phrases) => {
    const stems = phrases.map((phrase) => stemmed(search.language, phrase))
    return sql`(${join(stems, ' && ')})`
  })
  const leads = sql`m.search @@ (select ${join(together, ' || ')})`
  const withoutStems = together.map((query) => sql`numnode${query} = 0`)
  return sql`${matching(search, leads)}
      union all
      ${matching(search, sql`(select ${join(withoutStems, ' or ')}) and not ${leads}`)}`
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

/**
 * What each word of the question adds to the BM25 score of a row `m`, as `scores` in the order of the lexemes, their sum as
 * `score`, and whether one of them `leads`: is the row's first word.
 */
export const wordScores: Fragment = sql`
        select array_agg(word.score order by word.lexeme) as scores, sum(word.score) as score, bool_or(word.leads) as leads
        from (
          select
            w.lexeme, u.positions[1] = 1 as leads,
            case
              when u.lexeme is null then 0
              else w.idf * coalesce(cardinality(u.positions), 1) * (1 + ${trusted(K1)}::float8)
                / (coalesce(cardinality(u.positions), 1) + ${trusted(K1)}::float8 * (
                  1 - ${trusted(B)}::float8 + ${trusted(B)}::float8 * length(m.search) / (select length from average)
                ))
            end as score
          from weights w
          left join unnest(m.search) u on u.lexeme = w.lexeme
        ) word`

/**
 * 0..1: how far the question's words are to be trusted, by the best score that they give a row. A question in other words
 * than its answer has finds a little by accident; the best of that is no better for being the best.
 */
export function textTrust(best: Fragment): Fragment {
  return sql`coalesce(least(1, ${trusted(TRUSTED_FROM)}::float8 * ${best} / nullif((select sum(idf) from rarity), 0)), 0)`
}
