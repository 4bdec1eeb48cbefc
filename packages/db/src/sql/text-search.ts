import type { QueryText } from '../memories/query-text.js'
import { type Fragment, integerLiteral, nothing, sql, trusted } from './statement.js'

/** BM25's parameters at their usual values (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). */
const K1 = 1.2
const B = 0.75

/** How far frequencies are counted: a word in more memories than this is common, and how common matters little. */
const COUNT_UP_TO = 5000
/** So many rows at most are scored; the rarest words of the question say which. */
const SCORE_UP_TO = 5000
/** A corpus is counted so far: the weight of a word changes with its logarithm. */
const CORPUS_UP_TO = 50_000

export interface TextSearch {
  query: QueryText
  /** A text search configuration of PostgreSQL: `english`, `simple`, … */
  language: string
  /** Which rows of `m` are searched. */
  rows: Fragment
  limit: number
}

/** Phrases that must occur and words that must not, as a condition on the row `m`. */
export function textCondition({ query, language }: Pick<TextSearch, 'query' | 'language'>): Fragment {
  const required =
    query.required === null
      ? nothing
      : sql`and m.search @@ websearch_to_tsquery(${language}::text::regconfig, ${query.required})`
  const excluded =
    query.excluded === null
      ? nothing
      : sql`and not m.search @@ websearch_to_tsquery(${language}::text::regconfig, ${query.excluded})`
  return sql`${required} ${excluded}`
}

/**
 * The common table expressions of a BM25 search, `text_hits (user_id, id)` last among them: the `limit` best rows.
 *
 * Document frequencies are those of the searched rows, so of that user: "Berlin" is rare in general, and says nothing in
 * the memories of somebody who lives there. Terms come from the rows' tsvectors; no extension is needed.
 */
export function textHits(search: TextSearch): Fragment {
  return sql`
    lexemes as materialized (
      select lexeme, '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' as quoted
      from unnest(to_tsvector(${search.language}::text::regconfig, ${search.query.words}))
    ),
    terms as materialized (
      select l.lexeme, l.quoted, f.df
      from lexemes l
      cross join lateral (
        select count(*)::float8 as df
        from (
          select from memories m
          where m.search @@ l.quoted::tsquery and ${search.rows}
          limit ${integerLiteral(COUNT_UP_TO)}
        ) counted
      ) f
      where f.df > 0
    ),
    corpus as materialized (
      select count(*)::float8 as n
      from (select from memories m where ${search.rows} limit ${integerLiteral(CORPUS_UP_TO)}) counted
    ),
    weights as materialized (
      select lexeme, ln(1 + (greatest(corpus.n, df) - df + 0.5) / (df + 0.5)) as idf
      from terms
      cross join corpus
    ),
    chosen as materialized (
      select string_agg(quoted, ' | ')::tsquery as query
      from (
        select quoted, sum(df) over (order by df, lexeme) as rows_so_far, row_number() over (order by df, lexeme) as rank
        from terms
      ) ranked
      where rows_so_far <= ${integerLiteral(SCORE_UP_TO)} or rank = 1
    ),
    matching as materialized (
      select m.user_id, m.id, m.search
      from memories m
      where m.search @@ (select query from chosen) and ${search.rows} ${textCondition(search)}
      limit ${integerLiteral(SCORE_UP_TO)}
    ),
    average as materialized (
      select greatest(coalesce(avg(length(search)), 1), 1)::float8 as length from matching
    ),
    text_hits as materialized (
      select m.user_id, m.id
      from matching m
      order by ${bm25(sql`m.search`)} desc, m.id
      limit ${integerLiteral(search.limit)}
    )`
}

/** The BM25 score of a tsvector under the question's weights; 0 when none of its words occur. */
export function bm25(vector: Fragment): Fragment {
  return sql`(
    select coalesce(sum(
      w.idf * t.tf * ${trusted(String(K1 + 1))}
      / (t.tf + ${trusted(String(K1))} * (1 - ${trusted(String(B))} + ${trusted(String(B))} * length(${vector}) / (select length from average)))
    ), 0)
    from (
      select u.lexeme, coalesce(cardinality(u.positions), 1)::float8 as tf
      from unnest(${vector}) u
    ) t
    join weights w on w.lexeme = t.lexeme
  )`
}
