import { z } from 'zod'
import { date, idText, jsonObject, uuid } from '../input.js'
import { MEMORY_SOURCES, type MemorySource, type Metadata } from './types.js'

/** Bounds of a number; all that are given must hold. */
export interface NumberRange {
  gt?: number
  gte?: number
  lt?: number
  lte?: number
}

/** Bounds of a time; all that are given must hold. */
export interface TimeRange {
  gt?: Date
  gte?: Date
  lt?: Date
  lte?: Date
}

export type JsonScalar = string | number | boolean | null

/**
 * A condition on one value inside metadata. A value of another type than the condition's never matches, and never
 * fails: `{ path: ['year'], number: { gt: 2000 } }` passes over a memory whose year is `"unknown"`.
 */
export type MetadataCondition = {
  /** Keys from the top: `['address', 'city']`. */
  path: readonly string[]
} & (
  | { exists: boolean }
  | { equals: JsonScalar }
  | { in: readonly JsonScalar[] }
  | { number: NumberRange }
  /** Compares ISO 8601 dates and times, as `Date.prototype.toJSON` writes them. */
  | { time: TimeRange }
)

/** Conditions that must all hold. A list means any of it; `null` for sessionId means none. */
export interface MemoryConditions {
  ids?: readonly string[]
  sessionId?: string | readonly string[] | null
  source?: MemorySource | readonly MemorySource[]
  importance?: NumberRange
  createdAt?: TimeRange
  updatedAt?: TimeRange
  /** All of these must be in `metadata.tags`. */
  tags?: readonly string[]
  /** What the metadata contains, as jsonb's `@>`; a GIN index serves it. */
  metadata?: Metadata
  where?: MetadataCondition | readonly MetadataCondition[]
}

/** Which memories to look at. */
export type MemoryFilter =
  | MemoryConditions
  | { and: readonly MemoryFilter[] }
  | { or: readonly MemoryFilter[] }
  | { not: MemoryFilter }

/** Levels of `and`, `or` and `not`, and conditions in all: more is a program's mistake, or an attack. */
const MAX_DEPTH = 10
const MAX_NODES = 200
const MAX_LIST = 10_000

const range = <T>(bound: z.ZodType<T>) =>
  z
    .strictObject({
      gt: bound.optional(),
      gte: bound.optional(),
      lt: bound.optional(),
      lte: bound.optional(),
    })
    .refine((r) => Object.values(r).some((v) => v !== undefined), 'needs gt, gte, lt or lte')
const numberRange = range(z.number())
const timeRange = range(date)
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const path = z.array(z.string().max(512)).min(1, 'names no key').max(20, 'is too deep')

const metadataCondition = z.union(
  [
    z.strictObject({ path, exists: z.boolean() }),
    z.strictObject({ path, equals: scalar }),
    z.strictObject({ path, in: z.array(scalar).min(1).max(MAX_LIST) }),
    z.strictObject({ path, number: numberRange }),
    z.strictObject({ path, time: timeRange }),
  ],
  'needs path and one of exists, equals, in, number, time',
)

const oneOrMany = <T>(value: z.ZodType<T>) => z.union([value, z.array(value).min(1).max(MAX_LIST)])

const conditions = z.strictObject({
  ids: z.array(uuid).max(MAX_LIST).optional(),
  sessionId: oneOrMany(idText).nullable().optional(),
  source: oneOrMany(z.enum(MEMORY_SOURCES)).optional(),
  importance: numberRange.optional(),
  createdAt: timeRange.optional(),
  updatedAt: timeRange.optional(),
  tags: z.array(z.string()).min(1).max(1000).optional(),
  metadata: jsonObject.optional(),
  where: oneOrMany(metadataCondition).optional(),
})

const node: z.ZodType<MemoryFilter> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ and: z.array(node).min(1) }),
      z.strictObject({ or: z.array(node).min(1) }),
      z.strictObject({ not: node }),
      conditions as unknown as z.ZodType<MemoryConditions>,
    ],
    'is no filter: see MemoryFilter for the conditions there are',
  ),
)

/** Measures before anything descends into it: a filter may be as deep as its sender likes. */
function withinLimits(filter: unknown): boolean {
  let nodes = 0
  const open: { value: unknown; depth: number }[] = [{ value: filter, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    nodes += 1
    if (next.depth > MAX_DEPTH || nodes > MAX_NODES || open.length > MAX_NODES) return false
    if (typeof next.value !== 'object' || next.value === null) continue
    const { and, or, not, where } = next.value as Record<string, unknown>
    if (Array.isArray(where)) nodes += where.length
    for (const child of [and, or, [not]].flatMap((list) => (Array.isArray(list) ? list : []))) {
      if (child !== undefined) open.push({ value: child, depth: next.depth + 1 })
    }
  }
  return nodes <= MAX_NODES
}

export const filterSchema: z.ZodType<MemoryFilter> = z
  .unknown()
  .refine(withinLimits, `has more than ${MAX_DEPTH} levels or ${MAX_NODES} parts`)
  .pipe(node)
