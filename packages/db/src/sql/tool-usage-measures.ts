import { type Fragment, sql } from './statement.js'

/** How many calls failed with errors of a class. */
export interface ErrorCount {
  class: string
  calls: number
}

/** What is said of the usages in a bucket; of all of them in the row whose bucket is 0. */
export interface MeasureRow {
  /** By its place, from 1; 0 stands for the whole range. */
  bucket: number
  calls: number
  failures: number
  /** Calls with a duration, and what their durations add up to. */
  timed: number
  durationSum: number
  /** p50, p95 and p99; null where no call has a duration. */
  percentiles: number[] | null
  inputTokens: number
  outputTokens: number
  lastAt: Date | null
  users: number
  sessions: number
  errors: ErrorCount[] | null
}

/** So many classes of errors are told of each bucket, the most frequent ones. */
const MAX_CLASSES = 20

/** @param counted rows of (bucket, class, n), each class once a bucket */
export function mostFrequent(counted: Fragment): Fragment {
  return sql`
      select bucket, json_agg(json_build_object('class', class, 'calls', n::float8) order by place) as errors
      from (
        select c.*, row_number() over (partition by bucket order by n desc, class) as place
        from (${counted}) as c
      ) as ranked
      where place <= ${MAX_CLASSES}::int4
      group by bucket`
}

/** What {@link bucketOf} looks into, as a common table of its own. */
export function boundTable(bounds: readonly Date[] | null): Fragment {
  const list = bounds?.map((bound) => bound.toISOString()) ?? null
  return sql`bound as materialized (select ${list}::timestamptz[] as list)`
}

/** The bucket of a moment: 1 where there is only one. */
export function bucketOf(at: Fragment, bounds: readonly Date[] | null): Fragment {
  return bounds === null ? sql`1` : sql`width_bucket(${at}, (select list from bound))`
}

/** The bucket in a row of grouping sets, of which one leaves the bucket out; without buckets there is no other. */
export function groupedBucket(bounds: readonly Date[] | null): Fragment {
  return bounds === null ? sql`0` : sql`case grouping(bucket) when 1 then 0 else bucket end`
}

/** Groups by `more` alone, and by bucket and `more`. */
export function groupedBy(bounds: readonly Date[] | null, more?: Fragment): Fragment {
  if (bounds === null) return more === undefined ? sql`()` : more
  return more === undefined
    ? sql`grouping sets ((), (bucket))`
    : sql`grouping sets ((${more}), (bucket, ${more}))`
}
