import type {
  JsonScalar,
  MemoryConditions,
  MemoryFilter,
  MetadataCondition,
  NumberRange,
  TimeRange,
} from '../memories/filter.js'
import { type Fragment, join, sql, trusted } from './statement.js'

const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

const all = (parts: readonly Fragment[]): Fragment =>
  parts.length === 0 ? sql`true` : sql`(${join([...parts], ' and ')})`
const any = (parts: readonly Fragment[]): Fragment => sql`(${join([...parts], ' or ')})`

/** A filter as a condition on the row `m` of `memories`, every value a bound parameter. It is never null. */
export function filterCondition(filter: MemoryFilter): Fragment {
  if ('and' in filter) return all(filter.and.map(filterCondition))
  if ('or' in filter) return any(filter.or.map(filterCondition))
  // "is not true": a comparison with null is neither true nor false, and what is not true is wanted.
  if ('not' in filter) return sql`(${filterCondition(filter.not)} is not true)`
  return all(conditionsOf(filter))
}

function conditionsOf(filter: MemoryConditions): Fragment[] {
  const { ids, sessionId, source, importance, createdAt, updatedAt, tags, metadata, where } = filter
  const parts: Fragment[] = []
  if (ids !== undefined) parts.push(sql`m.id = any(${[...ids]}::uuid[])`)
  if (sessionId === null) parts.push(sql`m.session_id is null`)
  else if (sessionId !== undefined) parts.push(inSession(list(sessionId)))
  if (source !== undefined) parts.push(sql`m.source = any(${list(source)}::text[]::memory_source[])`)
  if (importance !== undefined) parts.push(...compared(sql`m.importance`, importance, sql`float8`))
  if (createdAt !== undefined) parts.push(...compared(sql`m.created_at`, createdAt, sql`timestamptz`))
  if (updatedAt !== undefined) parts.push(...compared(sql`m.updated_at`, updatedAt, sql`timestamptz`))
  if (tags !== undefined) parts.push(sql`m.metadata @> ${JSON.stringify({ tags })}::jsonb`)
  if (metadata !== undefined) parts.push(sql`m.metadata @> ${JSON.stringify(metadata)}::jsonb`)
  for (const condition of where === undefined ? [] : [where].flat())
    parts.push(metadataCondition(condition as MetadataCondition))
  return parts
}

/**
 * One session is asked for by itself: of any of some sessions, whatever they are, the planner expects ten, and took all that a
 * user has for theirs. The index of sessions then was passed over for a smaller one, and all the user's memories were read.
 */
const inSession = ([one, ...others]: readonly string[]): Fragment =>
  others.length === 0 && one !== undefined
    ? sql`m.session_id = ${one}`
    : sql`m.session_id = any(${[one, ...others]}::text[])`

const list = <T extends string>(value: T | readonly T[]): T[] => [value].flat() as T[]

function compared(value: Fragment, range: NumberRange | TimeRange, type: Fragment): Fragment[] {
  return (Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[])
    .filter((key) => range[key] !== undefined)
    .map((key) => sql`${value} ${trusted(COMPARISONS[key])} ${range[key]}::${type}`)
}

/**
 * An ISO 8601 date, with or without a time and an offset, that exists in the calendar: the pattern lets through nothing that
 * the cast behind it could refuse. PostgreSQL has no cast that answers null instead of failing.
 */
const ISO_TIME =
  '^(' +
  '\\d{4}-(0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|\\d{4}-(0[469]|11)-(0[1-9]|[12]\\d|30)|\\d{4}-02-(0[1-9]|1\\d|2[0-8])' +
  '|(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29' +
  ')([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?(Z|[+-](0\\d|1[0-4])(:?[0-5]\\d)?)?)?$'

function metadataCondition(condition: MetadataCondition): Fragment {
  const value = sql`(m.metadata #> ${[...condition.path]}::text[])`
  const text = sql`(m.metadata #>> ${[...condition.path]}::text[])`
  if ('exists' in condition) return condition.exists ? sql`${value} is not null` : sql`${value} is null`
  if ('equals' in condition) return sql`${value} = ${json(condition.equals)}::jsonb`
  if ('in' in condition) return sql`${value} = any(${condition.in.map(json)}::text[]::jsonb[])`
  // CASE is what keeps the cast from a value that it would fail on: AND promises no order.
  if ('number' in condition) {
    return sql`case when jsonb_typeof(${value}) = 'number' then ${all(compared(sql`${text}::numeric`, condition.number, sql`numeric`))} else false end`
  }
  // Without an offset a time is UTC: the session's own time zone would give another answer on another server.
  const time = sql`(${text} || case when ${text} ~ '[T ].*[Z+-]' then '' else ' UTC' end)::timestamptz`
  const isTime = sql`jsonb_typeof(${value}) = 'string' and ${text} ~ ${ISO_TIME} and left(${text}, 4) <> '0000'`
  return sql`case when ${isTime} then ${all(compared(time, condition.time, sql`timestamptz`))} else false end`
}

const json = (value: JsonScalar): string => JSON.stringify(value)
