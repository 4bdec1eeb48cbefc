import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { Memory } from '../src/index.js'
import { type Question, searchManyMemories, searchMemories } from '../src/sql/memory-search.js'
import { compile } from '../src/sql/statement.js'
import { encodeVector } from '../src/vector.js'
import { onEveryEngine } from './engines.js'
import { cosineDistance, random, randomVector } from './vectors.js'

interface Known {
  memory: Memory
  vector: Float32Array
}

onEveryEngine('search', (db) => {
  const users = ['a', 'ab', 'a%', 'a_', 'A', 'ä', "a'--"]
  const stored: Known[] = []
  const next = random(7)

  beforeAll(async () => {
    const { funes } = db()
    for (const userId of users) await funes.sessions.start({ userId, id: 's' })
    for (let i = 0; i < 140; i++) {
      const vector = randomVector(next)
      const userId = users[Math.floor(next() * users.length)] as string
      const memory = await funes.memories.add({
        userId,
        content: `memory ${i}`,
        embedding: vector,
        source: i % 2 === 0 ? 'chat' : 'document',
        ...(i % 3 === 0 && { sessionId: 's' }),
      })
      stored.push({ memory, vector })
    }
  })

  /** What a full comparison in double precision gives. */
  function oracle(query: Float32Array, k: number, keep: (m: Memory) => boolean) {
    return stored
      .filter(({ memory }) => keep(memory))
      .map(({ memory, vector }) => ({ id: memory.id, distance: cosineDistance(query, vector) }))
      .sort((x, y) => x.distance - y.distance)
      .slice(0, k)
  }

  it('gives exactly the rows of a full comparison, and none of another user', async () => {
    const { funes } = db()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...users),
        fc.integer(),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('exact' as const, 'high' as const, 'fast' as const),
        fc.record({
          sessionId: fc.constantFrom('s', undefined),
          source: fc.constantFrom('chat' as const, undefined),
        }),
        async (userId, seed, k, accuracy, { sessionId, source }) => {
          const query = randomVector(random(seed))
          const filter = { ...(sessionId && { sessionId }), ...(source && { source }) }
          const hits = await funes.memories.search({ userId, embedding: query, k, accuracy, filter })
          const keep = (m: Memory) =>
            m.userId === userId &&
            (!sessionId || m.sessionId === sessionId) &&
            (!source || m.source === source)
          const expected = oracle(query, k, keep)
          expect(hits.map((h) => h.memory.userId).every((id) => id === userId)).toBe(true)
          expect(hits.map((h) => h.memory.id)).toEqual(expected.map((e) => e.id))
          for (const [i, hit] of hits.entries()) {
            expect(hit.distance).toBeCloseTo(expected[i]?.distance as number, 5)
            expect(hit.score).toBeCloseTo(1 - (hit.distance as number), 10)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('searches all users only when told so', async () => {
    const { funes } = db()
    const query = randomVector(random(99))
    const hits = await funes.memories.search({ scope: 'all-users', embedding: query, k: 20 })
    expect(hits.map((h) => h.memory.id)).toEqual(oracle(query, 20, () => true).map((e) => e.id))
    const unclear = [{ embedding: query }, { userId: 'a', scope: 'all-users', embedding: query }] as const
    for (const search of unclear) {
      await expect(funes.memories.search(search as never)).rejects.toMatchObject({ code: 'INPUT.INVALID' })
    }
  })

  it('answers many questions at once as it answers each alone, in their order', async () => {
    const { funes } = db()
    const questions = Array.from({ length: 130 }, (_, i) => {
      const embedding = randomVector(random(1000 + i))
      return i % 5 === 0
        ? { scope: 'all-users' as const, embedding }
        : { userId: users[i % users.length] as string, embedding }
    })
    const answers = await funes.memories.searchMany(questions, { k: 7, filter: { source: 'chat' } })
    expect(answers).toHaveLength(questions.length)
    for (const [i, question] of questions.entries()) {
      if (i % 9 === 0)
        expect(answers[i]).toEqual(
          await funes.memories.search({ ...question, k: 7, filter: { source: 'chat' } }),
        )
    }
    expect(await funes.memories.searchMany([])).toEqual([])
    await expect(funes.memories.searchMany([{ embedding: [1] } as never])).rejects.toMatchObject({
      code: 'INPUT.INVALID',
    })
  })

  it('sends a vector once, however often the statement names it', () => {
    const query = encodeVector(randomVector(next), 384)
    const space = { id: 1, dimensions: 384, metric: 'cosine', indexKind: 'hnsw-halfvec' } as const
    const { text, values } = compile(
      searchMemories({ space, query, userId: 'a', filter: undefined, k: 10, exactUpTo: 100, efSearch: 200 }),
    )
    expect(values.filter((value) => Buffer.isBuffer(value))).toHaveLength(1)
    expect(text.match(/::vector\b/g)?.length).toBeGreaterThan(1)
  })

  it('finds no one for a user that does not exist', async () => {
    expect(await db().funes.memories.search({ userId: 'nobody', embedding: randomVector(next) })).toEqual([])
  })

  it('goes through the index above the limit, finds the same, and leaves the session settings alone', async () => {
    const { funes, pool } = db()
    const [model] = await funes.models.list()
    const query = randomVector(random(5))
    for (const userId of ['a', null]) {
      const search = {
        space: model as NonNullable<typeof model>,
        query: encodeVector(query, 384),
        userId,
        filter: undefined,
        k: 10,
        exactUpTo: 5,
        efSearch: 200,
      }
      const sql = compile(searchMemories(search))
      const { rows } = await pool.query(sql.text, sql.values)
      expect(rows.map((row) => row.id)).toEqual(
        oracle(query, 10, (m) => userId === null || m.userId === userId).map((e) => e.id),
      )
    }
    const { rows } = await pool.query('show hnsw.ef_search')
    expect(rows[0]['hnsw.ef_search']).toBe('40')
  })

  it('leaves the settings of a transaction as they were, whatever kind of search ran in it', async () => {
    const { funes } = db()
    const embedding = randomVector(random(6))
    const settings = ['hnsw.ef_search', 'hnsw.iterative_scan']
    await funes.transaction(async (tx) => {
      const current = () =>
        tx.prisma.$queryRaw<{ ef: string; scan: string }[]>`
          select current_setting('hnsw.ef_search') as ef, current_setting('hnsw.iterative_scan') as scan`
      await tx.prisma
        .$queryRaw`select set_config(${settings[0]}, '77', true), set_config(${settings[1]}, 'strict_order', true)`
      const plain = { userId: 'a', embedding, k: 3 }
      const hits = await tx.memories.search(plain)
      expect(hits.map((hit) => hit.memory.id)).toEqual(
        oracle(embedding, 3, (m) => m.userId === 'a').map((e) => e.id),
      )
      for (const search of [
        () => tx.memories.search({ ...plain, userId: 'nobody' }),
        () => tx.memories.search({ ...plain, filter: { source: 'chat' } }),
        () => tx.memories.search({ ...plain, text: 'memory' }),
        () => tx.memories.search({ ...plain, ranking: {}, text: 'memory' }),
        () => tx.memories.search({ ...plain, ranking: {}, diversity: { lambda: 0.5 }, explain: true }),
        () =>
          tx.memories.searchMany([
            { userId: 'a', embedding },
            { scope: 'all-users', embedding },
          ]),
        () => tx.tools.select({ embedding }),
      ]) {
        await search()
        expect(await current()).toEqual([{ ef: '77', scan: 'strict_order' }])
      }
    })
  })

  it('sets each question of a batch anew: one that looked further does not make the others do so', async () => {
    const { funes, pool } = db()
    const [model] = await funes.models.list()
    const space = model as NonNullable<typeof model>
    const plan = { space, filter: undefined, k: 1, exactUpTo: 1, efSearch: 10 }
    const client = await pool.connect()
    /** What the last question of a batch leaves in its transaction. */
    const left = async (...questions: Question[]) => {
      const { text, values } = compile(searchManyMemories(plan, questions))
      await client.query('begin')
      await client.query(text, values)
      const { rows } = await client.query(`select current_setting('hnsw.ef_search') as ef`)
      await client.query('rollback')
      return rows[0].ef
    }
    const asks = (userId: string, vector: Float32Array) => ({ userId, query: encodeVector(vector, 384) })
    try {
      const far: Question[] = []
      for (let seed = 0; far.length === 0; seed++) {
        const question = asks('a', randomVector(random(seed)))
        if ((await left(question)) === '1000') far.push(question)
      }
      const own = stored[0] as Known
      expect(await left(...far, asks(own.memory.userId, own.vector))).toBe('10')
    } finally {
      client.release()
    }
  })

  it('gives k rows whenever k exist, however little the index looks at', async () => {
    const { funes, pool } = db()
    const [model] = await funes.models.list()
    const search = {
      space: model as NonNullable<typeof model>,
      query: encodeVector(randomVector(next), 384),
      filter: undefined,
      exactUpTo: 1,
      efSearch: 1,
    }
    for (const userId of users) {
      const mine = stored.filter(({ memory }) => memory.userId === userId).length
      const sql = compile(searchMemories({ ...search, userId, k: mine }))
      expect((await pool.query(sql.text, sql.values)).rows).toHaveLength(mine)
    }
  })
})
