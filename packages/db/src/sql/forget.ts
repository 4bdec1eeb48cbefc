import type { MemorySource } from '../memories/types.js'
import { remembered } from './memory-change.js'
import { isLive } from './memory-columns.js'
import { type Fragment, integerLiteral, nothing, type Statement, sql, statement } from './statement.js'

/** Which memories of a user have faded. */
export interface FadingRule {
  halfLifeMs: number
  below: number
  minAgeMs: number
  except: readonly MemorySource[]
  keepAtLeast: number
  /** Null is now. */
  at: Date | null
}

export interface FadedRow {
  id: string
  score: number
}

/** Past so many half-lives a score is as good as 0. */
const MAX_HALF_LIVES = 100
/** An importance beneath this is none: multiplied, it may be too small for a float8, on which PostgreSQL fails. */
const NO_IMPORTANCE = 1e-100

/** Of a user's memories: up to so many, or of these alone. */
interface Extent {
  readonly size?: number | null
  readonly among?: readonly string[]
}

const isAmong = (ids: readonly string[]): Fragment => sql`m.id = any (${[...ids]}::uuid[])`

/**
 * Common table expressions up to `faded`: the live memories of a user whose importance, halved with every half-life since
 * they were last accessed or came, is below the bound; the most faded first, and never so many that fewer than
 * `keepAtLeast` live ones are left.
 */
function fading(userId: string, rule: FadingRule, { size = null, among }: Extent): Fragment {
  // greatest() passes over a null: without an access the memory's own age counts.
  const last = sql`greatest(m.created_at, a.last_accessed_at)`
  const moment = rule.at === null ? sql`now()` : sql`${rule.at}::timestamptz`
  const all =
    among === undefined
      ? sql`select count(*) from live`
      : sql`select count(*) from memories m where m.user_id = ${userId} and ${isLive}`
  const spare = sql`greatest(0, (${all}) - ${rule.keepAtLeast}::int8)`
  return sql`
    live as materialized (
      select
        m.id, m.source, m.created_at, m.importance,
        greatest(0, (1000 * extract(epoch from ${moment} - ${last}))::float8) as age_ms
      from memories m
      left join memory_access a on a.user_id = m.user_id and a.memory_id = m.id
      where m.user_id = ${userId} and ${isLive} ${among === undefined ? nothing : sql`and ${isAmong(among)}`}
    ),
    scored as (
      select
        live.*,
        case
          when importance < ${NO_IMPORTANCE}::float8 then 0
          else importance * power(0.5::float8, least(age_ms / ${rule.halfLifeMs}::float8, ${integerLiteral(MAX_HALF_LIVES)}))
        end as score
      from live
    ),
    faded as materialized (
      select id, score, created_at
      from scored
      where score < ${rule.below}::float8 and age_ms >= ${rule.minAgeMs}::float8
        and source <> all (${[...rule.except]}::text[]::memory_source[])
      order by score, created_at, id
      limit ${size === null ? spare : sql`least(${integerLiteral(size)}, ${spare})`}
    )`
}

/** The faded memories of a user, the most faded first, `listed` of them, each with how many there are. */
export function selectFaded(
  userId: string,
  rule: FadingRule,
  size: number | null,
  listed: number,
): Statement<FadedRow & { total: number }> {
  return statement(sql`
    with ${fading(userId, rule, { size })}
    select id, score, (select count(*) from faded)::float8 as total
    from faded
    order by score, created_at, id
    limit ${integerLiteral(listed)}`)
}

/** Forgetting of one user is done by one process at a time: two would together leave fewer than are to be kept. */
export function lockUserForForgetting(userId: string): Statement<{ id: string }> {
  return statement(sql`select id from users where id = ${userId} for no key update`)
}

/** Takes up to `size` faded memories that nobody is changing, and keeps them from being changed. */
export function lockFaded(userId: string, rule: FadingRule, size: number): Statement<{ id: string }> {
  return statement(sql`
    with ${fading(userId, rule, { size })}
    select m.id
    from memories m
    join faded on faded.id = m.id
    where m.user_id = ${userId} and ${isLive}
    for update of m skip locked`)
}

/** Keeps memories from being touched; in the order in which touching locks them. */
export function lockAccess(userId: string, ids: readonly string[]): Statement<{ id: string }> {
  return statement(sql`
    select memory_id as id
    from memory_access
    where user_id = ${userId} and memory_id = any (${[...ids]}::uuid[])
    order by memory_id
    for update`)
}

/**
 * Those of the memories that were locked which have faded all the same: of what was changed or touched after the statement
 * that found them had begun, that one knew nothing.
 */
const taken = (userId: string, ids: readonly string[]) => sql`
    target as (
      select m.*
      from memories m
      join faded on faded.id = m.id
      where m.user_id = ${userId} and ${isAmong(ids)}
    )`

/** Deletes the faded among memories that are locked softly, and writes down in their history who did: `actor`. */
export function deleteFaded(
  userId: string,
  rule: FadingRule,
  ids: readonly string[],
  actor: string,
): Statement<FadedRow> {
  return statement(sql`
    with ${fading(userId, rule, { among: ids })},${taken(userId, ids)},
    ${remembered('delete', actor, sql`target`)},
    m as (
      update memories m
      set version = m.version + 1, updated_at = now(), deleted_at = now(), dedup_key = null
      from target
      where m.user_id = ${userId} and m.id = target.id
    ),
    vectors as (
      update memory_embeddings e
      set active = false
      from target
      where e.user_id = ${userId} and e.memory_id = target.id
    )
    select faded.id, faded.score
    from target
    join faded on faded.id = target.id
    order by faded.score, faded.created_at, faded.id`)
}

/** Removes the faded among memories that are locked, with their vectors, history and counters. */
export function removeFaded(userId: string, rule: FadingRule, ids: readonly string[]): Statement<FadedRow> {
  return statement(sql`
    with ${fading(userId, rule, { among: ids })},${taken(userId, ids)},
    gone as (
      delete from memories m
      using target
      where m.user_id = ${userId} and m.id = target.id
    )
    select faded.id, faded.score
    from target
    join faded on faded.id = target.id
    order by faded.score, faded.created_at, faded.id`)
}
