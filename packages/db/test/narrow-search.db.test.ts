import { beforeAll, expect, it } from 'vitest'
import type { EmbeddingModel, MemoryFilter } from '../src/index.js'
import { type MemorySearch, searchMemories } from '../src/sql/memory-search.js'
import { searchRanked } from '../src/sql/ranking.js'
import { compile } from '../src/sql/statement.js'
import { encodeVector } from '../src/vector.js'
import { onEveryEngine } from './engines.js'
import { execution } from './plans.js'
import { random, randomVector } from './vectors.js'

const DIMENSIONS = 24
const ROWS = 6000
const TOPICS = 12
const K = 10

/** Filters that leave out what is near: memories of a topic are near each other, and topics are what is filtered by. */
onEveryEngine('filters that go with the meaning', (db) => {
  let model: EmbeddingModel
  const next = random(11)
  const topics = Array.from({ length: TOPICS }, () => randomVector(next, DIMENSIONS))
  const about = (topic: number) =>
    (topics[topic] as Float32Array).map((x) => x + 0.6 * (next() + next() + next() - 1.5))

  beforeAll(async () => {
    const { funes, pool, open } = db()
    model = await funes.models.register({
      ...{ name: 'topics', dimensions: DIMENSIONS, indexKind: 'hnsw-vector', buildIndex: false },
    })
    const small = await open({ model: 'topics' })
    for (const userId of ['major', 'minor']) {
      for (const id of ['long', 'short']) await funes.sessions.start({ userId, id })
    }
    await small.memories.load(
      Array.from({ length: ROWS }, (_, i) => ({
        userId: i % TOPICS < 8 ? 'major' : 'minor',
        sessionId: i % 100 === 0 ? 'short' : 'long',
        content: `memory ${i}`,
        importance: (i % TOPICS) / TOPICS,
        metadata: { topic: i % TOPICS, wide: i % TOPICS < 9, tags: [`t${i % TOPICS}`, 'all'] },
        createdAt: new Date(Date.UTC(2020, i % TOPICS)),
        embedding: about(i % TOPICS),
      })),
    )
    await small.indexes.build('topics')
    // As if of a thousand users: the planner then expects each to have a few memories, also those who have half of all.
    await pool.query('alter table memories alter column user_id set (n_distinct = 1000)')
    await pool.query('vacuum analyze memories, memory_embeddings')
  })

  const search = (change: Partial<MemorySearch>): MemorySearch => ({
    ...{ space: model, query: encodeVector(about(0), DIMENSIONS), userId: null, filter: undefined },
    ...{ k: K, exactUpTo: 400, efSearch: 100 },
    ...change,
  })

  const filters: Record<string, Partial<MemorySearch>> = {
    'three in four, by importance': { filter: { importance: { gte: 3 / TOPICS } } },
    'a quarter, by importance': { filter: { importance: { gte: 4 / TOPICS, lte: 6 / TOPICS } } },
    'three in four, by metadata': { filter: { metadata: { wide: true } } },
    'all but the nearest topic': { filter: { not: { metadata: { topic: 0 } } } },
    'a time that is past': {
      filter: { createdAt: { gt: new Date('2020-06-01'), lt: new Date('2020-12-02') } },
    },
    'a user who speaks of other things': { userId: 'minor' },
    'tags that all have': { filter: { tags: ['all'] } },
  }

  /** The share of the ten nearest that is found, the mean over 20 questions. */
  async function recallOf(change: Partial<MemorySearch>): Promise<number> {
    const { pool } = db()
    let right = 0
    const questions = 20
    for (let i = 0; i < questions; i++) {
      const asked = search({ ...change, query: encodeVector(about(0), DIMENSIONS) })
      const run = async (one: MemorySearch) => {
        const { text, values } = compile(searchMemories(one))
        return (await pool.query<{ distance: number }>(text, values)).rows.map(({ distance }) => distance)
      }
      const exact = await run({ ...asked, exactUpTo: null })
      const found = await run(asked)
      expect(found).toHaveLength(K)
      const limit = (exact.at(-1) as number) + 1e-6
      right += found.filter((distance) => distance <= limit).length
    }
    return right / (questions * K)
  }

  it.each(Object.entries(filters))('lose nothing: %s', async (_, change) => {
    const recalls = [await recallOf(change)]
    // A graph is drawn by lot. One in twenty leaves a topic badly joined to the others, which came to .8; so three may be drawn.
    while ((recalls.at(-1) as number) < 0.96 && recalls.length < 3) {
      await db().pool.query(`reindex index memory_embeddings_hnsw_m${model.id}`)
      recalls.push(await recallOf(change))
    }
    // Nearly always 1. Stopping at the first K gave .46 to .79, whatever the lot.
    expect(recalls.at(-1), recalls.join(' ')).toBeGreaterThanOrEqual(0.96)
  })

  const narrow: Record<string, MemoryFilter> = {
    'a closed range': { importance: { gte: 0, lte: 8 / TOPICS } },
    metadata: { metadata: { wide: true } },
    'a time': { createdAt: { gt: new Date('2019-01-01'), lt: new Date('2020-10-01') } },
    'a value': { where: { path: ['wide'], equals: true } },
    tags: { tags: ['all'] },
  }

  it.each(Object.entries(narrow))('ask the index, also at the tenth time: %s', async (_, filter) => {
    const done = await execution(db().pool, searchMemories(search({ filter })), { times: 10 })
    const uses = done.nodes.some((node) => node['Index Name'] === `memory_embeddings_hnsw_m${model.id}`)
    expect(uses).toBe(true)
  })

  const lookedUp: Record<string, MemoryFilter> = {
    'a session': { sessionId: 'long' },
    sessions: { sessionId: ['long', 'other'] },
    'a time': { createdAt: { gt: new Date('2019-01-01') } },
    'a session in a time': { sessionId: 'long', createdAt: { gt: new Date('2019-01-01') } },
  }
  const settings = { plan_cache_mode: 'force_generic_plan' }

  it.each(Object.entries(lookedUp))('look each memory up by its primary key: %s', async (_, filter) => {
    const { nodes, generic } = await execution(
      db().pool,
      searchMemories(search({ userId: 'major', filter })),
      {
        settings,
      },
    )
    expect(generic).toBe(true)
    const looks = nodes.filter((node) => node['Relation Name'] === 'memories' && node['Actual Loops'] > 1)
    expect(looks.length).toBeGreaterThan(0)
    expect(new Set(looks.map((node) => node['Index Name']))).toEqual(new Set(['memories_pkey']))
  })

  it('find a short session of a user with many memories in the index of sessions', async () => {
    const asked = search({ userId: 'major', filter: { sessionId: 'short' } })
    const { nodes } = await execution(db().pool, searchMemories(asked), { settings })
    expect(nodes.map((node) => node['Index Name'])).toContain('memories_user_session_idx')
    expect(nodes.map((node) => node['Index Name'])).not.toContain(`memory_embeddings_hnsw_m${model.id}`)
  })

  it.each([
    ['twice what is wanted, where all pass', { tags: ['all'] }, 2 * K],
    ['what is trusted of it, where few pass', { metadata: { topic: 6 } }, 67],
  ])('take from the index no more than %s', async (_, filter, rows) => {
    const { nodes } = await execution(db().pool, searchMemories(search({ filter })))
    const scan = nodes.find((node) => node['Index Name'] === `memory_embeddings_hnsw_m${model.id}`)
    expect(scan?.['Actual Rows']).toBe(rows)
  })

  it('looks further for all that a ranking chooses from, and compares all only for what it must have', async () => {
    const rows = async (change: Partial<MemorySearch>) => {
      const asked = search({ userId: 'minor', efSearch: 150, k: 100, explain: true, ...change })
      const { text, values } = compile(
        searchRanked({
          candidates: { vector: asked },
          ranking: null,
          limit: 100,
          vectorsOf: null,
          explain: true,
        }),
      )
      return (await db().pool.query<{ path: string }>(text, values)).rows
    }
    const query = encodeVector(about(9), DIMENSIONS)
    const narrowly = await rows({ query, enough: 20 })
    expect(narrowly.length).toBeGreaterThanOrEqual(20)
    const wide = await rows({ query, enough: 20, widenBelow: 100 })
    expect(wide).toHaveLength(100)
    expect(new Set(wide.map(({ path }) => path))).toEqual(new Set(['index']))
    // Far from all that the user speaks of, not even the widest look finds enough.
    const far = await rows({ query: encodeVector(about(0), DIMENSIONS), enough: 100, widenBelow: 100 })
    expect(far).toHaveLength(100)
  })
})
