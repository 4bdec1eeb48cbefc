import { MEMORIES } from './collection.js'
import { type Fragment, integerLiteral, nothing, sql, trusted } from './statement.js'
import { textCondition, waysToRequired } from './text-condition.js'
import { isRead, type TextSearch, termWeights } from './text-terms.js'

/**
 * BM25's parameters (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). Memories are short, and a
 * longer one says more: lengths count for a third of what is usual (b 0.75), and more evidence is found.
 */
const K1 = '1.2'
const B = '0.25'

/** A row that has half of what the words of the question weigh, those that no memory has among them, is trusted fully. */
const TRUSTED_FROM = '2'

/** So many rows at most are scored of those that the index leads to. */
const SCORE_UP_TO = 5000
/** So many rows the words are chosen for that lead to rows by themselves, the rarest first. */
const ALONE_UP_TO = 1000
/** So many rows the words are chosen for that lead to them two or three at a time. */
const TOGETHER_UP_TO = 1000
/** Of so many words, the rarest of those that do not lead alone, twos and threes are made. */
const TOGETHER = 6
/**
 * Of the rows that match, so many for each one wanted are scored by BM25: those whose words weigh most, shorter ones
 * first. On 3,000 matching rows that takes a third of the time.
 */
const SHORTLIST = 2
/** By so many words, the weightiest, these are chosen: each is looked for in every row that matches. */
const HEAVIEST = 16

/**
 * The common table expressions of a BM25 search, `text_hits (user_id, id, scores, score, leads)` last among them: the
 * `limit` best rows, and what {@link wordScores} says of each.
 */
export function textHits(search: TextSearch): Fragment {
  return sql`
    ${termWeights(search)},
    ${search.query.required === null ? matchingWords(search) : matchingRequired(search)},
    average as materialized (
      select greatest(coalesce(avg(length(search)), 1), 1)::float8 as length from matching
    ),
    heaviest as materialized (select query, idf from weights order by idf desc, lexeme limit ${integerLiteral(HEAVIEST)}),
    shortlist as materialized (
      select m.user_id, m.id, m.search
      from matching m
      order by (select sum(w.idf) from heaviest w where m.search @@ w.query) desc nulls last, length(m.search), m.id
      limit ${integerLiteral(SHORTLIST * search.limit)}
    ),
    text_hits as materialized (
      select m.user_id, m.id, said.*
      from shortlist m
      cross join lateral (${wordScores(search.lends)}) said
      order by said.score desc, m.id
      limit ${integerLiteral(search.limit)}
    )`
}

const rowsOf = ({ collection = MEMORIES }: TextSearch) => collection.rows

/** Rows `m` of the searched ones, newest first as far as ids tell. */
function found(search: TextSearch, ledTo: Fragment, limit: number): Fragment {
  const condition = textCondition(search)
  return sql`
        select m.user_id, m.id, m.search
        from ${rowsOf(search)} m
        where ${ledTo} and ${search.rows} ${condition === null ? nothing : sql`and ${condition}`}
        order by m.id desc
        limit ${integerLiteral(limit)}`
}

/**
 * The rows that a question's words lead to. All of those with a rare word; of those with common ones only the rows that have
 * two or three of them: what a row can score is the weight of its words, and two words weigh, by how they are made, what
 * one word weighs that as few rows have. Below `atLeast` rows, any with any of the words.
 */
function matchingWords(search: TextSearch): Fragment {
  const condition = textCondition(search)
  const any = sql`m.search @@ (select query from any_word)`
  const chosen = sql`m.search @@ (select query from chosen)`
  const limit = integerLiteral(search.atLeast)
  const read =
    condition === null
      ? sql`searched m where ${isRead} and ${any}`
      : sql`(select user_id, id from searched) s join ${rowsOf(search)} m using (user_id, id)
        where ${isRead} and ${any} and ${condition}`
  return sql`${chosenWords()},
    any_word as materialized (select string_agg(quoted, ' | ')::tsquery as query from weights),
    led as materialized (
      select m.user_id, m.id, m.search from ${read}
      union all
      (${found(search, sql`not ${isRead} and ${chosen}`, SCORE_UP_TO)})
    ),
    matching as materialized (
      select * from led
      union all
      (${found(search, sql`not ${isRead} and (select count(*) from led) < ${limit} and ${any} and not coalesce(${chosen}, false)`, SCORE_UP_TO)})
    )`
}

/**
 * `chosen (query)`: the words that lead to rows alone, and of the next ones such twos, and threes where no two of them do, as
 * few rows have. A query of many parts costs the index more than the rows that it saves.
 */
function chosenWords(): Fragment {
  const fewest = (rows: Fragment, rest: Fragment) =>
    sql`sum(${rows}) over (order by ${rows}, ${rest}) <= ${integerLiteral(TOGETHER_UP_TO)}`
  const chosenPair = (x: Fragment, y: Fragment) =>
    sql`exists (select from pairs p where p.a = ${x}.place and p.b = ${y}.place and p.is_chosen)`
  return sql`by_rarity as materialized (
      select quoted, df, sum(df) over (order by df, lexeme) <= ${integerLiteral(ALONE_UP_TO)} as leads_alone
      from weights
    ),
    next_rarest as materialized (
      select quoted, df, row_number() over (order by df, quoted) as place
      from by_rarity
      where not leads_alone
      order by df, quoted
      limit ${integerLiteral(TOGETHER)}
    ),
    pairs as materialized (
      select
        x.place as a, y.place as b, x.quoted as first, y.quoted as second,
        ${fewest(sql`x.df * y.df / n`, sql`x.place, y.place`)} as is_chosen
      from next_rarest x
      join next_rarest y on y.place > x.place
      cross join corpus
    ),
    threes as (
      select
        x.quoted || ' & ' || y.quoted || ' & ' || z.quoted as quoted,
        ${fewest(sql`x.df * y.df / n * z.df / n`, sql`x.place, y.place, z.place`)} as is_chosen
      from next_rarest x
      join next_rarest y on y.place > x.place and not ${chosenPair(sql`x`, sql`y`)}
      join next_rarest z on z.place > y.place and not ${chosenPair(sql`x`, sql`z`)} and not ${chosenPair(sql`y`, sql`z`)}
      cross join corpus
    ),
    chosen as materialized (
      select string_agg('(' || quoted || ')', ' | ')::tsquery as query
      from (
        select quoted from by_rarity where leads_alone
        union all
        select first || ' & (' || string_agg(second, ' | ') || ')' from pairs where is_chosen group by a, first
        union all
        select quoted from threes where is_chosen
      ) ways
    )`
}

/** Phrases, and words in their place, lead to their rows. To what is nothing but stop words no index leads. */
function matchingRequired(search: TextSearch): Fragment {
  const ways = waysToRequired(search.query.required ?? [])
  const [leads, bare] = ways.map((way) => found(search, way, SCORE_UP_TO))
  return sql`matching as materialized (
      (${leads})
      union all
      (${bare})
    )`
}

/**
 * What each word of the question adds to the BM25 score of a row `m`, as `scores` in the order of the lexemes where they are lent,
 * their sum as `score`, and whether one of them `leads`: is the row's first word.
 */
export const wordScores = (lends: boolean): Fragment => sql`
        select
          ${lends ? sql`array_agg(word.score order by word.lexeme)` : sql`null::float8[]`} as scores, sum(word.score) as score, bool_or(word.leads) as leads
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
