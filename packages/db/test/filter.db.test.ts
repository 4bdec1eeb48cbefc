import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import {
  isFunesError,
  type JsonScalar,
  type Memory,
  type MemoryFilter,
  type MetadataCondition,
} from '../src/index.js'
import { filterCondition } from '../src/sql/memory-filter.js'
import { compile, sql, statement } from '../src/sql/statement.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

type Range = Partial<Record<'gt' | 'gte' | 'lt' | 'lte', number | Date>>

const within = (value: number, range: Range): boolean =>
  (range.gt === undefined || value > Number(range.gt)) &&
  (range.gte === undefined || value >= Number(range.gte)) &&
  (range.lt === undefined || value < Number(range.lt)) &&
  (range.lte === undefined || value <= Number(range.lte))

function at(metadata: unknown, path: readonly string[]): unknown {
  let value = metadata
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

/** What a condition on metadata means, in plain TypeScript. */
function holds(metadata: unknown, condition: MetadataCondition): boolean {
  const value = at(metadata, condition.path)
  if ('exists' in condition) return (value !== undefined) === condition.exists
  if ('equals' in condition) return value === condition.equals
  if ('in' in condition) return condition.in.includes(value as JsonScalar)
  if ('number' in condition) return typeof value === 'number' && within(value, condition.number)
  const iso = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN
  // JavaScript reads 29 February of any year as a day; a day that does not exist is no time.
  const exists = !Number.isNaN(iso) && new Date(iso).toISOString().slice(0, 10) === String(value).slice(0, 10)
  return exists && within(iso, condition.time)
}

/** What a filter means, in plain TypeScript: the oracle. */
function matches(memory: Memory, filter: MemoryFilter): boolean {
  if ('and' in filter) return filter.and.every((part) => matches(memory, part))
  if ('or' in filter) return filter.or.some((part) => matches(memory, part))
  if ('not' in filter) return !matches(memory, filter.not)
  const { ids, sessionId, source, importance, createdAt, tags, where } = filter
  return (
    (ids === undefined || ids.includes(memory.id)) &&
    (sessionId === undefined ||
      (sessionId === null
        ? memory.sessionId === null
        : [sessionId].flat().includes(memory.sessionId as string))) &&
    (source === undefined || [source].flat().includes(memory.source)) &&
    (importance === undefined || within(memory.importance, importance)) &&
    (createdAt === undefined || within(memory.createdAt.getTime(), createdAt)) &&
    (tags === undefined ||
      tags.every((tag) => Array.isArray(memory.metadata.tags) && memory.metadata.tags.includes(tag))) &&
    (where === undefined ||
      [where].flat().every((condition) => holds(memory.metadata, condition as MetadataCondition)))
  )
}

const VALUES: readonly unknown[] = [
  1,
  2.5,
  -3,
  '1',
  'x',
  '',
  true,
  false,
  null,
  [1],
  { b: 1 },
  { b: '2024-02-29T10:00:00.000Z' },
  '2024-02-29T10:00:00.000Z',
  '2023-02-29T10:00:00.000Z',
  '2024-13-01T00:00:00Z',
  'not a date',
  1e300,
  "'; drop table memories; --",
]
const START = Date.parse('2024-01-01T00:00:00Z')

onEveryEngine('filters', (db) => {
  const stored: Memory[] = []
  const query = randomVector(random(2))

  beforeAll(async () => {
    const { funes } = db()
    for (const id of ['s1', 's2']) await funes.sessions.start({ userId: 'u', id })
    for (let i = 0; i < 90; i++) {
      const sessionId = [undefined, 's1', 's2'][i % 3]
      stored.push(
        await funes.memories.add({
          userId: 'u',
          content: `m${i}`,
          embedding: randomVector(random(i + 100)),
          source: (['chat', 'tool', 'document'] as const)[i % 3] as 'chat',
          importance: (i % 11) / 10,
          createdAt: new Date(START + i * 60_000),
          ...(sessionId && { sessionId }),
          metadata: {
            a: VALUES[i % VALUES.length],
            tags: i % 2 === 0 ? ['even', `t${i % 5}`] : [],
            'k"\'\\': i,
          },
        }),
      )
    }
  })

  const numberRange = fc.record(
    { gte: fc.constantFrom(0, 0.3, 1, 2.5), lt: fc.constantFrom(0.5, 1, 3, 1e301) },
    { requiredKeys: ['gte'] },
  )
  const timeRange = fc.record({
    gt: fc.integer({ min: -1, max: 90 }).map((m) => new Date(START + m * 60_000)),
  })
  const path = fc.constantFrom(['a'], ['a', 'b'], ['nowhere'], ['k"\'\\'])
  const condition: fc.Arbitrary<MetadataCondition> = fc.oneof(
    fc.record({ path: fc.constantFrom(['a'], ['a', 'b'], ['nowhere']), exists: fc.boolean() }),
    fc.record({
      path,
      equals: fc.constantFrom<JsonScalar>(1, '1', 'x', true, null, 2.5, "'; drop table memories; --"),
    }),
    fc.record({ path, in: fc.constant<JsonScalar[]>([1, 'x', null, false]) }),
    fc.record({ path: fc.constantFrom(['a'], ['a', 'b'], ['k"\'\\']), number: numberRange }),
    fc.record({
      path: fc.constantFrom(['a'], ['a', 'b']),
      time: fc.record({
        gte: fc.constant(new Date('2000-01-01')),
        lt: fc.constantFrom(new Date('2024-02-29T10:00:00Z'), new Date('2030-01-01')),
      }),
    }),
  )
  const leaf: fc.Arbitrary<MemoryFilter> = fc.oneof(
    fc.record({
      sessionId: fc.constantFrom<(string | string[] | null)[]>('s1', ['s1', 's2'], null, 'nowhere'),
    }),
    fc.record({
      source: fc.constantFrom<('chat' | ('tool' | 'document')[])[]>('chat', ['tool', 'document']),
    }),
    fc.record({ importance: numberRange }),
    fc.record({ createdAt: timeRange }),
    fc.record({ tags: fc.constantFrom(['even'], ['even', 't2'], ['none']) }),
    fc.record({ where: condition }),
    fc.array(condition, { minLength: 2, maxLength: 3 }).map((where) => ({ where })),
  )
  const { filter } = fc.letrec<{ filter: MemoryFilter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((and) => ({ and })),
      fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((or) => ({ or })),
      tie('filter').map((not) => ({ not })),
    ),
  }))

  it('mean on the database what they mean in TypeScript, in search and in list', async () => {
    const { funes } = db()
    await fc.assert(
      fc.asyncProperty(filter, async (f) => {
        const expected = stored.filter((m) => matches(m, f)).map((m) => m.id)
        const hits = await funes.memories.search({ userId: 'u', embedding: query, k: 100, filter: f })
        expect(hits.map((h) => h.memory.id).sort()).toEqual([...expected].sort())
        const page = await funes.memories.list({ userId: 'u', filter: f, limit: 100 })
        expect(page.items.map((m) => m.id).sort()).toEqual([...expected].sort())
      }),
      { numRuns: 150 },
    )
  })

  it('find what the metadata contains', async () => {
    const { items } = await db().funes.memories.list({ userId: 'u', filter: { metadata: { a: { b: 1 } } } })
    expect(items.map((m) => m.metadata.a)).toEqual(items.map(() => ({ b: 1 })))
    expect(items.length).toBeGreaterThan(0)
  })

  it.each([
    ['an unknown field', { colour: 'red' }],
    ['an unknown operator', { importance: { $gt: 1 } }],
    ['an empty range', { importance: {} }],
    ['a prototype key', JSON.parse('{"__proto__": {"source": "chat"}}')],
    ['a constructor key', { constructor: 1 }],
    ['and that is no list', { and: {} }],
    ['an empty or', { or: [] }],
    ['a condition without a path', { where: { equals: 1 } }],
    ['a condition with two operators', { where: { path: ['a'], equals: 1, exists: true } }],
    ['an object to compare with', { where: { path: ['a'], equals: { sql: 1 } } }],
    ['an id that is no UUID', { ids: ["' or 1=1"] }],
    ['a string', '1=1'],
    ['too many levels', Array.from({ length: 50 }).reduce((f) => ({ not: f }), { source: 'chat' })],
    ['endless levels', Array.from({ length: 100_000 }).reduce((f) => ({ not: f }), { source: 'chat' })],
    ['too many parts', { or: Array.from({ length: 1000 }, () => ({ source: 'chat' })) }],
    ['too many conditions', { where: Array.from({ length: 1000 }, () => ({ path: ['a'], exists: true })) }],
    ['too many values', { or: Array.from({ length: 3 }, () => ({ ids: Array(7000).fill(randomUUID()) })) }],
    [
      'too many values to compare with',
      { where: Array.from({ length: 3 }, () => ({ path: ['a'], in: Array(7000).fill(1) })) },
    ],
    ['inherited conditions', Object.create({ source: 'chat' })],
    ['an inherited bound', { importance: Object.create({ gt: 0 }) }],
    [
      'an inherited condition on metadata',
      { not: { where: Object.assign(Object.create({ exists: true }), { path: ['a'] }) } },
    ],
    [
      'a getter of a class',
      new (class {
        get source() {
          return 'chat'
        }
      })(),
    ],
    ['metadata without end', { metadata: Array.from({ length: 100_000 }).reduce((f) => ({ a: f }), {}) }],
  ])('refuse %s', async (_, wrong) => {
    const { funes } = db()
    for (const call of [
      funes.memories.search({ userId: 'u', embedding: query, filter: wrong as never }),
      funes.memories.list({ userId: 'u', filter: wrong as never }),
    ]) {
      await expect(call).rejects.toSatisfy((e) => isFunesError(e, 'INPUT.INVALID'))
    }
  })

  it.each([
    ['filter.source', 'must be one of', { source: 'evil' }],
    ['filter.source.1', 'must be one of', { source: ['chat', 'evil'] }],
    ['filter.importance.gte', 'must be a finite number', { importance: { gte: '0' } }],
    ['filter.importance.lt', 'must be a finite number', { importance: { lt: Number.NaN } }],
    ['filter.importance', '(gtee)', { importance: { gtee: 0 } }],
    ['filter.createdAt.gt', 'must be a valid Date', { createdAt: { gt: new Date('never') } }],
    ['filter.and.1.or.0.ids.0', 'must be a UUID', { and: [{}, { or: [{ ids: ['1'] }] }] }],
    ['filter.not', '(colour)', { not: { colour: 'red' } }],
    ['filter.where', 'one of exists', { where: { path: ['a'] } }],
    [
      'filter.where.0.number.gt',
      'must be a finite number',
      { where: [{ path: ['a'], number: { gt: '1' } }] },
    ],
    ['filter.or', 'must not be empty', { or: [] }],
    ['filter.metadata', 'plain JSON', { metadata: 'x' }],
    // Keys of metadata are somebody's data.
    ['filter.metadata', 'must hold only texts, finite numbers', { metadata: { secret: new Map() } }],
    ['filter.metadata', 'must hold only texts, finite numbers', { metadata: { a: [{ n: Number.NaN }] } }],
    ['filter', 'more than 20000 values', { and: Array(3).fill({ ids: Array(9999).fill(randomUUID()) }) }],
    ['filter', 'must be a plain object', Object.create({ source: 'chat' })],
    ['filter', 'is no filter', 'source = chat'],
  ])('say that %s %s', async (path, reason, wrong) => {
    const call = db().funes.memories.list({ userId: 'u', filter: wrong as never })
    await expect(call).rejects.toMatchObject({
      code: 'INPUT.INVALID',
      message: expect.stringContaining(reason),
      meta: { path },
    })
  })

  it('reads times without an offset as UTC, in whatever time zone the session is', async () => {
    const client = await db().pool.connect()
    try {
      for (const zone of ['America/New_York', 'Asia/Tokyo', 'UTC']) {
        await client.query(`set time zone '${zone}'`)
        const isAt = async (value: string, at: string) => {
          const time = { gte: new Date(at), lte: new Date(at) }
          const row = sql`(select ${JSON.stringify({ value })}::jsonb as metadata) m`
          const asked = statement(
            sql`select ${filterCondition({ where: { path: ['value'], time } })} as is from ${row}`,
          )
          const { text, values } = compile(asked)
          return (await client.query<{ is: boolean }>(text, values)).rows[0]?.is
        }
        expect(await isAt('2024-05-01', '2024-05-01T00:00:00Z')).toBe(true)
        expect(await isAt('2024-05-01T10:30', '2024-05-01T10:30:00Z')).toBe(true)
        expect(await isAt('2024-05-01 10:30:15.5', '2024-05-01T10:30:15.5Z')).toBe(true)
        expect(await isAt('2024-05-01T10:30-05', '2024-05-01T15:30:00Z')).toBe(true)
        expect(await isAt('2024-05-01T10:30+05:30', '2024-05-01T05:00:00Z')).toBe(true)
        expect(await isAt('2024-05-01T10:30Z', '2024-05-01T10:30:00Z')).toBe(true)
      }
    } finally {
      await client.query('reset time zone')
      client.release()
    }
  })
})
