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
  /** Compares ISO 8601 dates and times, as `Date.prototype.toJSON` writes them; without an offset they are UTC. */
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

/** Which memories to look at: 10 levels, 200 parts and, in all lists together, 20,000 values at most. */
export type MemoryFilter =
  | MemoryConditions
  | { and: readonly MemoryFilter[] }
  | { or: readonly MemoryFilter[] }
  | { not: MemoryFilter }

/** Levels of `and`, `or` and `not`, and conditions and values in all: more is a program's mistake, or an attack. */
const MAX_DEPTH = 10
const MAX_NODES = 200
const MAX_LIST = 10_000
const MAX_VALUES = 20_000

/** Reads a value by the one schema that its form calls for: a union of all would say only that none of them fits. */
function chosen<T>(schemaFor: (value: unknown) => z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    const parsed = schemaFor(value).safeParse(value)
    if (parsed.success) return parsed.data
    context.issues.push(...(parsed.error.issues as typeof context.issues))
    return z.NEVER
  })
}

const has = (value: unknown, key: string): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)

/** Whether all that it says is its own: what an object inherits is nowhere to be seen, and would be a condition all the same. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true
  const prototype = Object.getPrototypeOf(value)
  // Any realm's own: one that is at the end of the chain, and was not made for keys.
  return prototype === null || Object.hasOwn(prototype, 'hasOwnProperty')
}

/** As `z.strictObject`, of keys that are the object's own. */
const ownObject = <S extends z.ZodRawShape>(shape: S, message?: string) =>
  z.unknown().refine(isPlain, 'must be a plain object').pipe(z.strictObject(shape, message))

const range = <T>(bound: z.ZodType<T>) =>
  ownObject({
    gt: bound.optional(),
    gte: bound.optional(),
    lt: bound.optional(),
    lte: bound.optional(),
  }).refine((r) => Object.values(r).some((v) => v !== undefined), 'needs gt, gte, lt or lte')
const numberRange = range(z.number('must be a finite number'))
const timeRange = range(date)
const scalar = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  'must be a string, a finite number, a boolean or null',
)
const path = z.array(z.string().max(512)).min(1, 'names no key').max(20, 'is too deep')

/** A list may be as long as this, and one without any value would match nothing. */
const list = <T>(value: z.ZodType<T>) =>
  z
    .array(value, 'must be a list')
    .min(1, 'must not be empty')
    .max(MAX_LIST, `must have at most ${MAX_LIST} values`)

const metadataConditions = {
  exists: ownObject({ path, exists: z.boolean() }),
  equals: ownObject({ path, equals: scalar }),
  in: ownObject({ path, in: list(scalar) }),
  number: ownObject({ path, number: numberRange }),
  time: ownObject({ path, time: timeRange }),
}
const noCondition = z.never('needs path and one of exists, equals, in, number, time')
const metadataCondition = chosen<MetadataCondition>((value) => {
  const [, schema = noCondition] = Object.entries(metadataConditions).find(([name]) => has(value, name)) ?? []
  return schema as unknown as z.ZodType<MetadataCondition>
})

function oneOrMany<T>(value: z.ZodType<T>): z.ZodType<T | T[]> {
  const many = list(value)
  return chosen<T | T[]>((given) => (Array.isArray(given) ? many : value))
}

const conditions = ownObject(
  {
    ids: z.array(uuid).max(MAX_LIST).optional(),
    sessionId: oneOrMany(idText).nullable().optional(),
    source: oneOrMany(z.enum(MEMORY_SOURCES, `must be one of ${MEMORY_SOURCES.join(', ')}`)).optional(),
    importance: numberRange.optional(),
    createdAt: timeRange.optional(),
    updatedAt: timeRange.optional(),
    tags: z.array(z.string()).min(1, 'must not be empty').max(1000, 'must be at most 1000').optional(),
    metadata: jsonObject.optional(),
    where: oneOrMany(metadataCondition).optional(),
  },
  'is no filter: see MemoryFilter for the conditions there are',
) as unknown as z.ZodType<MemoryConditions>

const node: z.ZodType<MemoryFilter> = chosen<MemoryFilter>((value) => {
  if (has(value, 'and')) return combinations.and
  if (has(value, 'or')) return combinations.or
  return has(value, 'not') ? combinations.not : conditions
})
const combinations = {
  and: ownObject({ and: list(node) }),
  or: ownObject({ or: list(node) }),
  not: ownObject({ not: node }),
}

/**
 * Measures before anything descends into it: a filter may be as deep as its sender likes.
 *
 * @returns what there is too much of
 */
function beyondLimits(filter: unknown): string | undefined {
  const tooMany = `has more than ${MAX_DEPTH} levels or ${MAX_NODES} parts`
  let nodes = 0
  let values = 0
  const open: { value: unknown; depth: number }[] = [{ value: filter, depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    nodes += 1
    if (next.depth > MAX_DEPTH || nodes > MAX_NODES || open.length > MAX_NODES) return tooMany
    if (typeof next.value !== 'object' || next.value === null) continue
    const { and, or, not, where, ids, sessionId, source, tags } = next.value as Record<string, unknown>
    if (Array.isArray(where)) nodes += where.length
    values += lengths([ids, sessionId, source, tags, ...[where].flat().map((one) => (one as Values)?.in)])
    if (values > MAX_VALUES) return `has more than ${MAX_VALUES} values in all its lists`
    for (const child of [and, or, [not]].flatMap((list) => (Array.isArray(list) ? list : []))) {
      if (child !== undefined) open.push({ value: child, depth: next.depth + 1 })
    }
  }
  return nodes > MAX_NODES ? tooMany : undefined
}

type Values = { in?: unknown } | null | undefined

const lengths = (lists: readonly unknown[]): number =>
  lists.reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0)

export const filterSchema: z.ZodType<MemoryFilter> = z
  .unknown()
  .superRefine((filter, context) => {
    const message = beyondLimits(filter)
    if (message !== undefined) context.addIssue({ code: 'custom', message, fatal: true })
  })
  .pipe(node)
