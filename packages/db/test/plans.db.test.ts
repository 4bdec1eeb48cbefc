import { beforeAll, describe, expect, it } from 'vitest'
import type { EmbeddingModel, MemoryFilter } from '../src/index.js'
import { readQueryText } from '../src/memories/query-text.js'
import { type HybridSearch, searchHybrid } from '../src/sql/hybrid-search.js'
import { type MemorySearch, searchMemories } from '../src/sql/memory-search.js'
import { searchRanked } from '../src/sql/ranking.js'
import { searchPage } from '../src/sql/search-page.js'
import { compile, type Statement } from '../src/sql/statement.js'
import { encodeVector } from '../src/vector.js'
import { onEveryEngine } from './engines.js'
import { type Execution, execution } from './plans.js'
import { random, randomVector } from './vectors.js'

const DIMENSIONS = 16
const ROWS = 3000
const EXACT_UP_TO = 100

const wide: MemoryFilter = { importance: { gte: 0.1 } }
const narrow: MemoryFilter = { importance: { gte: 0.99 } }

onEveryEngine('search plans', (db) => {
  let model: EmbeddingModel
  const next = random(3)

  beforeAll(async () => {
    const { funes, pool, open } = db()
    model = await funes.models.register({ name: 'small', dimensions: DIMENSIONS })
    const small = await open({ model: 'small' })
    const memories = Array.from({ length: ROWS }, (_, i) => ({
      userId: i % 50 === 0 ? 'minor' : 'major',
      content: `memory ${i} ${i % 100 === 0 ? 'of something rare' : ''}`,
      importance: i % 60 === 1 ? 1 : (i % 9) / 10,
      metadata: { block: Math.floor(i / 150) },
      embedding: randomVector(next, DIMENSIONS),
    }))
    await small.memories.addMany(memories, { batchSize: 1000 })
    await pool.query('analyze')
  })

  const byMeaning = (userId: string | null, change: Partial<MemorySearch> = {}): MemorySearch => ({
    space: model,
    query: encodeVector(randomVector(next, DIMENSIONS), DIMENSIONS),
    userId,
    filter: undefined,
    k: 10,
    exactUpTo: EXACT_UP_TO,
    efSearch: 100,
    ...change,
  })

  function withWords(userId: string | null, change: Partial<MemorySearch> = {}): HybridSearch {
    const vector = byMeaning(userId, change)
    return {
      vector,
      userId,
      filter: vector.filter,
      query: readQueryText('something rare'),
      language: 'english',
      k: 10,
      candidates: 50,
      weights: { vector: 0.5, text: 0.5 },
      fusion: 'score',
      rankConstant: 10,
      lend: 0,
    }
  }

  const ranked = (candidates: { vector: MemorySearch } | { words: HybridSearch }) =>
    searchRanked({
      candidates,
      ranking: { weights: { relevance: 1, recency: 1, importance: 1 }, halfLifeMs: 1e9, at: null },
      limit: 10,
      vectorsOf: model.id,
      explain: true,
    })

  const usesVectorIndex = ({ nodes }: Execution) =>
    nodes.some((node) => node['Index Name'] === `memory_embeddings_hnsw_m${model.id}`)
  /** The most rows of memory_embeddings that any one step read. */
  const rowsRead = ({ nodes }: Execution) =>
    Math.max(
      0,
      ...nodes
        .filter((node) => node['Relation Name'] === 'memory_embeddings')
        .map((node) => node['Actual Rows'] * node['Actual Loops']),
    )

  const ofMany: readonly (readonly [string, () => Statement<unknown>])[] = [
    ['all users', () => searchMemories(byMeaning(null))],
    ['a user', () => searchMemories(byMeaning('major'))],
    ['all users under a wide filter', () => searchMemories(byMeaning(null, { filter: wide }))],
    ['a user under a wide filter', () => searchMemories(byMeaning('major', { filter: wide }))],
    ['all users with words', () => searchHybrid(withWords(null))],
    ['a user with words', () => searchHybrid(withWords('major'))],
    ['a user with words, under a wide filter', () => searchHybrid(withWords('major', { filter: wide }))],
    ['a user, ranked', () => ranked({ vector: byMeaning('major', { k: 50 }) })],
    ['a user with words, ranked', () => ranked({ words: withWords('major') })],
  ]
  const ofFew: readonly (readonly [string, () => Statement<unknown>])[] = [
    ['a user', () => searchMemories(byMeaning('minor'))],
    ['all users under a narrow filter', () => searchMemories(byMeaning(null, { filter: narrow }))],
    ['a user under a narrow filter', () => searchMemories(byMeaning('major', { filter: narrow }))],
    ['a user with words', () => searchHybrid(withWords('minor'))],
    ['all users with words, under a narrow filter', () => searchHybrid(withWords(null, { filter: narrow }))],
    ['a user, ranked', () => ranked({ vector: byMeaning('minor', { k: 50 }) })],
    ['a user with words, ranked', () => ranked({ words: withWords('minor') })],
  ]

  describe.each([1, 10])('at execution %i', (times) => {
    it.each(ofMany)('uses the vector index for many rows: %s', async (_, statement) => {
      const done = await execution(db().pool, statement(), { times })
      expect(usesVectorIndex(done)).toBe(true)
      expect(rowsRead(done)).toBeLessThan(ROWS / 2)
    })

    it.each(ofFew)('compares few rows one by one: %s', async (_, statement) => {
      const done = await execution(db().pool, statement(), { times })
      expect(usesVectorIndex(done)).toBe(false)
    })

    it('compares all rows when that is asked for, and for pages', async () => {
      for (const statement of [
        searchMemories(byMeaning('major', { exactUpTo: null })),
        searchHybrid(withWords('major', { exactUpTo: null })),
        searchPage({ ...byMeaning('major'), after: null }),
        searchPage({
          ...byMeaning(null),
          after: { distance: 0.5, id: crypto.randomUUID(), userId: 'major' },
        }),
      ]) {
        const done = await execution(db().pool, statement, { times })
        expect(usesVectorIndex(done)).toBe(false)
        expect(rowsRead(done)).toBeGreaterThan(ROWS / 2)
      }
    })
  })

  it('goes the same ways under a plan made for any parameters', async () => {
    const settings = { plan_cache_mode: 'force_generic_plan' }
    for (const [, statement] of ofMany) {
      const done = await execution(db().pool, statement(), { settings })
      expect(done.generic).toBe(true)
      expect(usesVectorIndex(done)).toBe(true)
    }
    for (const [, statement] of ofFew) {
      expect(usesVectorIndex(await execution(db().pool, statement(), { settings }))).toBe(false)
    }
  })

  it('takes no few rows that stand together in the table for many', async () => {
    for (let block = 0; block < ROWS / 150; block++) {
      const search = byMeaning(null, { filter: { metadata: { block } }, exactUpTo: 200, explain: true })
      const { text, values } = compile(ranked({ vector: search }))
      const { rows } = await db().pool.query(text, values)
      expect(new Set(rows.map((row) => row.path))).toEqual(new Set(['exact']))
    }
  })

  it('compares all rows after an index that gave too few', async () => {
    const search = byMeaning('minor', { exactUpTo: 1, efSearch: 1, k: 20 })
    const settings = { 'hnsw.max_scan_tuples': 1 }
    const done = await execution(db().pool, searchMemories(search), { settings })
    expect(usesVectorIndex(done)).toBe(true)
    expect(done.nodes[0]?.['Actual Rows']).toBe(20)

    const client = await db().pool.connect()
    try {
      await client.query('set hnsw.max_scan_tuples = 1')
      const { text, values } = compile(ranked({ vector: search }))
      const { rows } = await client.query(text, values)
      expect(rows.map((row) => row.path)).toEqual(Array(10).fill('index then exact'))
    } finally {
      await client.query('reset hnsw.max_scan_tuples')
      client.release()
    }
  })
})
