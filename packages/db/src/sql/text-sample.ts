import { MEMORIES } from './collection.js'
import { type Fragment, integerLiteral, sql } from './statement.js'
import type { TextSearch } from './text-terms.js'

/** So many rows of the table are looked at to tell common words from rare ones: 1 ms, and 0.5 for each word. */
const SAMPLE = 1000
/** So many of them must be rows that are searched; else words are counted through the index. */
const SAMPLED_FROM = 100
/** A word that the sample finds, without a doubt, in more rows than this is not counted: of common words that took 5 to 9 ms each. */
const COMMON_FROM = 800
/** So many rows of one user, whose sample has nobody else's. Of twice as many the same is found, and they cost twice as much. */
const SAMPLE_OF_USER = 512
/** What the sample of one user finds so often is known within a fifth, and is not counted: that took 1 to 5 ms a word. */
const KNOWN_FROM = 30
/** Hashes begin with any of 256 bytes alike: at so many of them a part of a user's sample begins. */
const SLICES = 8

/** Whether a sample says what is common. */
export const isSampled = sql`(select n >= ${integerLiteral(SAMPLED_FROM)} from sampled)`

/** Whether the sample says well enough how many rows have the word `g`. */
export function isCommon({ userId }: TextSearch): Fragment {
  const isCostly = sql`g.hits - 2 * sqrt(g.hits) > ${integerLiteral(COMMON_FROM)} * (select share from sampled)`
  return userId === null ? isCostly : sql`(g.hits >= ${integerLiteral(KNOWN_FROM)} or ${isCostly})`
}

/**
 * `sample (search)`: searched rows out of a sample, and `sampled (n, share)`: how many they are, and what share of all the
 * sample is; none where the rows have been read.
 */
export function sampledRows(search: TextSearch, isRead: Fragment): Fragment {
  const { rows, sampled } = search.collection ?? MEMORIES
  if (sampled === undefined) {
    return sql`sample as materialized (select m.search from ${rows} m where false),
    sampled as materialized (select 0::float8 as n, 1::float8 as share)`
  }
  if (search.userId !== null) return sampledOfUser(search, search.userId, isRead)
  return sql`share as materialized (
      select case when reltuples > 0 and not ${isRead} then least(1, ${integerLiteral(SAMPLE)} / reltuples) else 0 end as share
      from pg_class
      where oid = ${sampled.name}::regclass
    ),
    sample as materialized (
      select m.search
      from ${sampled.table} m tablesample system ((select 100 * share from share)) repeatable (1)
      where not ${isRead} and ${search.rows}
    ),
    sampled as materialized (
      select count(*)::float8 as n, (select greatest(share, 1e-9)::float8 from share) as share from sample
    )`
}

/**
 * A sample of one user's rows by the hashes of their contents, which are as good as random and have an index: it costs the same
 * whatever part of the table is theirs. How far the hashes reach says what share of all it is (k minimum values, Bar-Yossef
 * et al., RANDOM 2002). Slices, as a content that is stored a thousand times fills but one of them.
 */
function sampledOfUser(search: TextSearch, userId: string, isRead: Fragment): Fragment {
  const start = sql`slice * ${integerLiteral(256 / SLICES)}`
  const hash = [0, 1, 2].map((byte) => sql`get_byte(content_hash, ${integerLiteral(byte)})`)
  return sql`drawn as materialized (
      select slice, m.search, m.content_hash, ${search.rows} as is_searched
      from generate_series(0, ${integerLiteral(SLICES - 1)}) slice
      cross join lateral (
        select *
        from ${(search.collection ?? MEMORIES).rows} m
        where not ${isRead} and m.user_id = ${userId} and m.content_hash >= set_byte('\\x00', 0, ${start})
        order by m.content_hash
        limit ${integerLiteral(SAMPLE_OF_USER / SLICES)}
      ) m
    ),
    sample as materialized (select m.search from drawn m where is_searched),
    sampled as materialized (
      select
        (select count(*)::float8 from sample) as n,
        greatest(1e-9, least(1, coalesce(sum(reach), 1)))::float8 as share
      from (
        select (max(${hash[0]} + ${hash[1]} / 256.0 + ${hash[2]} / 65536.0) - ${start}) / 256 as reach
        from drawn
        group by slice
      ) slices
    )`
}
