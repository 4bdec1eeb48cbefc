import { MEMORIES } from './collection.js'
import { exactDistance } from './distance.js'
import type { HybridSearch } from './hybrid-search.js'
import { type Fragment, integerLiteral, sql, trusted } from './statement.js'
import { textTrust, wordScores } from './text-search.js'
import { beside, heardWords, isRanked, scoresBeside } from './turn-window.js'

/** What a turn's own speaker adds where the question names them: the weight of a word that one turn in ten has. */
const SPEAKER = '2'
/** `Caroline: …`, `[Caroline] …`, `Dr. Smith (on the phone): …` */
const LABEL = trusted(String.raw`'^\W*\w[^]:>\n]{0,40}[]:>]'`)

/** What is left of the score of a turn that ends in a question mark: it asks, and seldom tells. */
const ASKING = '0.9'
const QUESTION_MARK = trusted(String.raw`'\?[^[:alnum:]]*$'`)

/** Whether words have no weight: the ranking is then that of a search by meaning. */
export function isMeaningAlone({ vector, weights }: HybridSearch): boolean {
  return vector !== null && weights.text === 0
}

/**
 * The common table expressions that score `turns`, last among them
 * `fused (user_id, id, distance, score, vector_score, text_score, neighbour_score)`.
 */
export function hybridScores(search: HybridSearch): Fragment {
  const { rows, isSpoken } = search.collection ?? MEMORIES
  const speaker = sql`case
            when said.leads and left(m.content, 64) ~ ${LABEL} then ${trusted(SPEAKER)}::float8
            else 0
          end`
  return sql`measured as materialized (
        select
          t.*, said.scores, coalesce(said.score, 0) as own, ${distance(search)} as distance,
          ${isSpoken ? speaker : sql`0`} + case when said.score > 0 then coalesce((select sum(p.gives) from phrases p where m.search @@ p.query), 0) else 0 end as bonus,
          ${isSpoken ? sql`right(m.content, 8) ~ ${QUESTION_MARK}` : sql`false`} as asks
        from turns t
        join ${rows} m using (user_id, id)
        left join text_hits h using (user_id, id)
        cross join lateral (
          select h.scores, h.score, h.leads
          where h.id is not null
          union all
          (${wordScores(search.lend > 0)})
          limit 1
        ) said
      ),
      ${lentScores(search.lend)},
      ${search.fusion === 'rank' ? fusedByRank(search) : fusedByScore(search)}`
}

function distance({ vector, collection = MEMORIES }: HybridSearch): Fragment {
  if (vector === null) return sql`null::float8`
  return sql`(
            select ${exactDistance(vector.space, sql`e.embedding`, sql`${vector.query}::vector`)}
            from ${collection.vectors} e
            where e.user_id = t.user_id and e.memory_id = t.id and e.model_id = ${integerLiteral(vector.space.id)}
          )`
}

/** Distances brought to 0 (the farthest) .. 1 (the nearest), what neighbours lend, and the ranked turns alone. */
function lentScores(lend: number): Fragment {
  // Without a spread every distance is as good as the best.
  const near = sql`
          case
            when distance is null then 0
            when max(distance) over () = min(distance) over () then 1
            else (max(distance) over () - distance) / (max(distance) over () - min(distance) over ())
          end as near`
  if (lend === 0) {
    return sql`nearby as (select measured.*, ${near} from measured),
      ranked as materialized (
        select nearby.*, near as meaning, own as heard, own + bonus as said, own + bonus as words
        from nearby
      )`
  }
  return sql`nearby as (select measured.*, ${near} from measured),
      beside as materialized (
        select
          nearby.*, ${scoresBeside},
          near + ${lend}::float8 * coalesce(greatest(${beside(sql`near`, -1)}, ${beside(sql`near`, 1)}), 0) as meaning
        from nearby
        window session as (order by place)
      ),
      listened as (
        select beside.*, ${heardWords(lend)} as heard
        from beside
        where ${isRanked}
      ),
      ranked as materialized (select listened.*, own + bonus as said, heard + bonus as words from listened)`
}

/** Each half divided by its best, words trusted as far as they reach, and summed by weight. */
function fusedByScore(search: HybridSearch): Fragment {
  const { weights } = search
  // A search by meaning knows no questions: without any weight on words the ranking is its own.
  const asking = isMeaningAlone(search)
    ? sql`1`
    : sql`case when asks then ${trusted(ASKING)}::float8 else 1 end`
  const share = (part: Fragment, of: Fragment, weight: number) =>
    sql`asked * coalesce(${weight}::float8 * (${part}) / nullif(max(${of}) over (), 0), 0)`
  return sql`halves as (
        select
          ranked.*, ${asking} as asked,
          ${textTrust(sql`max(heard) over ()`)} as trust
        from ranked
      ),
      parts as (
        select
          halves.*,
          ${share(sql`near`, sql`meaning`, weights.vector)} as vector_score,
          trust * ${share(sql`said`, sql`words`, weights.text)} as text_score,
          ${share(sql`meaning - near`, sql`meaning`, weights.vector)}
            + trust * ${share(sql`words - said`, sql`words`, weights.text)} as neighbour_score
        from halves
      ),
      fused as (select parts.*, vector_score + text_score + neighbour_score as score from parts)`
}

/** Reciprocal ranks, what neighbours lend among them. */
function fusedByRank({ weights, rankConstant }: HybridSearch): Fragment {
  const rank = (by: Fragment, has: Fragment, weight: number) => sql`
          case when ${has} then ${weight}::float8 / (${rankConstant}::float8 + rank() over (order by ${by} desc)) else 0 end`
  return sql`parts as (
        select
          ranked.*,
          ${rank(sql`meaning`, sql`meaning > 0 or distance is not null`, weights.vector)} as vector_score,
          ${rank(sql`words`, sql`words > 0`, weights.text)} as text_score,
          0::float8 as neighbour_score
        from ranked
      ),
      fused as (select parts.*, vector_score + text_score as score from parts)`
}
