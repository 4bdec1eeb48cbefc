import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { RegisterTool, ToolFilter, ToolHit } from '../src/index.js'
import { compile } from '../src/sql/statement.js'
import { selectBestTools } from '../src/sql/tools-select.js'
import { encodeVector } from '../src/vector.js'
import { onEveryEngine } from './engines.js'
import { type Doc, hybridScores } from './hybrid-oracle.js'
import { rankTools, type ToolRecord } from './tools-oracle.js'
import { cosineDistance, random, randomVector } from './vectors.js'

const DAY = 86_400_000
const NOW = new Date('2026-06-15T12:00:00Z')
/** As much as ranking knows of the last call. */
const hourOf = (at: Date) => new Date(Math.floor(at.getTime() / 3_600_000) * 3_600_000)
const WORDS = ['amber', 'basil', 'cedar', 'delta', 'ember', 'fjord', 'grove', 'heron', 'iris', 'jade']
const TAGS = ['red', 'green', 'blue']

interface Known extends Doc {
  tags: string[]
  enabled: boolean
  record: ToolRecord
}

onEveryEngine('selecting tools', (db) => {
  const known: Known[] = []
  const next = random(23)
  const pick = <T>(from: readonly T[]) => from[Math.floor(next() * from.length)] as T

  beforeAll(async () => {
    const { funes, pool } = db()
    const given: RegisterTool[] = []
    const used: { id: string; success: boolean; at: Date }[] = []
    for (let i = 0; i < 60; i++) {
      const id = `tool${i}`
      const said = Array.from({ length: 2 + Math.floor(next() * 6) }, () => pick(WORDS))
      const named = next() < 0.5 ? [pick(WORDS)] : []
      // Labels and questions count for what people say, and not for tools.
      const description = `${said[0]}: ${said.slice(1).join(' ')}?`
      const words = [id, ...said, ...named]
      const vector = randomVector(next)
      const tags = TAGS.filter(() => next() < 0.4)
      const enabled = next() < 0.8
      const calls = next() < 0.3 ? 0 : 1 + Math.floor(next() * 12)
      const failures = Math.floor(next() * (calls + 1))
      const lastUsedAt = calls === 0 ? null : new Date(NOW.getTime() - Math.floor(next() * 20 * DAY))
      given.push({
        ...{ name: id, description, embedding: vector, tags, enabled, language: 'simple' },
        parameters: { type: 'object', properties: Object.fromEntries(named.map((name) => [name, {}])) },
      })
      for (let call = 0; call < calls; call++) {
        used.push({ id, success: call >= failures, at: lastUsedAt as Date })
      }
      known.push({
        ...{
          id,
          content: description,
          session: i,
          words,
          labelled: false,
          asks: false,
          vector,
          tags,
          enabled,
        },
        record: { calls, failures, lastUsedAt: lastUsedAt && hourOf(lastUsedAt) },
      })
    }
    await funes.tools.registerMany(given)
    await pool.query(
      `insert into tool_usage (id, tool_id, success, at)
       select gen_random_uuid(), t.id, u.success, u.at
       from unnest($1::text[], $2::boolean[], $3::timestamptz[]) u (name, success, at)
       join tools t on t.name = u.name`,
      [used.map(({ id }) => id), used.map(({ success }) => success), used.map(({ at }) => at)],
    )
    // Too long ago to count for success, and not the last call.
    await pool.query(
      `insert into tool_usage (id, tool_id, success, at) select gen_random_uuid(), id, false, $1 from tools where name = 'tool1'`,
      [new Date(NOW.getTime() - 200 * DAY)],
    )
    const first = known[1] as Known
    if (first.record.lastUsedAt === null)
      first.record.lastUsedAt = hourOf(new Date(NOW.getTime() - 200 * DAY))
  })

  const ids = (hits: readonly ToolHit[]) => hits.map(({ tool }) => tool.name)

  function expectScores(hits: readonly ToolHit[], expected: readonly { id: string; score: number }[]) {
    expect(hits.length).toBeGreaterThan(0)
    const scores = new Map(expected.map(({ id, score }) => [id, score]))
    for (const [i, { tool, score }] of hits.entries()) {
      expect(score).toBeCloseTo(expected[i]?.score as number, 4)
      expect(score).toBeCloseTo(scores.get(tool.name) as number, 4)
    }
  }

  const filters: fc.Arbitrary<ToolFilter> = fc.record(
    {
      tags: fc.subarray(TAGS, { maxLength: 2 }),
      anyTag: fc.subarray(TAGS, { minLength: 1 }),
      noTag: fc.subarray(TAGS, { maxLength: 1 }),
      names: fc.subarray(Array.from({ length: 61 }, (_, i) => `tool${i}`)),
      enabled: fc.constantFrom<(boolean | 'any')[]>(true, false, 'any'),
    },
    { requiredKeys: [] },
  )

  function passes({ id, tags, enabled }: Known, filter: ToolFilter): boolean {
    const wanted = filter.enabled ?? true
    return (
      (wanted === 'any' || enabled === wanted) &&
      (filter.names?.includes(id) ?? true) &&
      (filter.tags ?? []).every((tag) => tags.includes(tag)) &&
      (filter.anyTag?.some((tag) => tags.includes(tag)) ?? true) &&
      !(filter.noTag ?? []).some((tag) => tags.includes(tag))
    )
  }

  it('finds the nearest of those that are meant, enabled ones unless asked otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(filters, fc.integer(), fc.integer({ min: 1, max: 20 }), async (filter, seed, k) => {
        const embedding = randomVector(random(seed))
        const hits = await db().funes.tools.select({ embedding, k, filter })
        const expected = known
          .filter((tool) => passes(tool, filter))
          .map(({ id, vector }) => ({ id, distance: cosineDistance(embedding, vector) }))
          .sort((a, b) => a.distance - b.distance)
          .slice(0, k)
        expect(ids(hits)).toEqual(expected.map(({ id }) => id))
        for (const [i, hit] of hits.entries()) {
          expect(hit.distance).toBeCloseTo(expected[i]?.distance as number, 5)
          expect(hit.score).toBeCloseTo(1 - (hit.distance as number), 9)
        }
      }),
      { numRuns: 40 },
    )
  })

  const request = fc.array(fc.constantFrom(...WORDS, 'unheard'), { minLength: 1, maxLength: 4 })

  it('fuses words and meaning as memories are searched, and ranks as in TypeScript', async () => {
    const weight = fc.constantFrom(0, 0.3, 1)
    await fc.assert(
      fc.asyncProperty(
        request,
        fc.integer(),
        fc.constantFrom(0.2, 0.5, 0.8),
        weight,
        weight,
        async (words, seed, share, success, recency) => {
          const embedding = randomVector(random(seed))
          const weights = { vector: share, text: 1 - share }
          const select = {
            ...{ text: words.join(' '), embedding, k: 12, weights, language: 'simple' },
            filter: { enabled: 'any' as const },
          }
          const plain = hybridScores(known, words, { vector: embedding, weights, lend: 0 })
          expectScores(await db().funes.tools.select(select), plain)

          const relevance = new Map(plain.map(({ id, score }) => [id, score]))
          const candidates = known.map(({ id, record }) => ({
            ...{ id, record, relevance: relevance.get(id) as number },
          }))
          const halfLifeMs = 3 * DAY
          const ranked = rankTools(candidates, { relevance: 1, success, recency }, { at: NOW, halfLifeMs })
          const ranking = { success, recency, halfLifeMs, at: NOW, windowMs: 60 * DAY }
          expectScores(await db().funes.tools.select({ ...select, ranking }), ranked)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('explains what each score is made of', async () => {
    const { funes } = db()
    const embedding = randomVector(random(5))
    const ranking = { success: 0.5, recency: 0.25, at: NOW, windowMs: 60 * DAY }
    const { hits, explanation } = await funes.tools.select({
      ...{ text: 'amber basil', embedding, k: 20, ranking, explain: true as const, language: 'simple' },
    })
    expect(explanation).toMatchObject({ mode: 'hybrid', path: 'exact', candidates: { capped: false } })
    expect(explanation.considered).toBe(known.filter(({ enabled }) => enabled).length)
    for (const { tool, score, explanation: why } of hits) {
      const { record } = known.find(({ id }) => id === tool.name) as Known
      expect(why.success).toMatchObject({ calls: record.calls, failures: record.failures })
      expect(why.recency?.lastUsedAt ?? null).toEqual(record.lastUsedAt)
      const parts = [why.relevance, why.success, why.recency].map((part) => part?.weighted as number)
      expect(parts.reduce((a, b) => a + b, 0)).toBeCloseTo(score, 9)
      expect((why.vector as number) + (why.text as number)).toBeCloseTo(why.relevance?.raw as number, 9)
    }
    const plain = await funes.tools.select({ embedding, k: 2, explain: true })
    expect(plain.hits[0]?.explanation).toEqual({
      ...{ vector: null, text: null, relevance: null, success: null, recency: null },
    })
    expect(await funes.tools.select({ embedding, k: 20, minScore: 2 })).toEqual([])
  })

  it('reads a request as words, whatever stands in it', async () => {
    const { funes } = db()
    const find = (text: string) => funes.tools.select({ text, language: 'simple', k: 60 })
    expect(ids(await find('"amber nonsense" -basil'))).toEqual(ids(await find('amber nonsense basil')))
    for (const text of [
      "'; drop table tools; --",
      '\\',
      ':*',
      '"',
      '-"',
      '((',
      '%',
      '日本語',
      'x'.repeat(9000),
    ]) {
      await find(text)
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: 'grapheme' }), async (text) => {
        if (!text.includes('\u0000')) await find(text)
      }),
      { numRuns: 20 },
    )
    for (const wrong of [
      {},
      { text: '' },
      { mode: 'text', embedding: [1] },
      { text: 'x', k: 0 },
      { text: 'x', more: 1 },
    ]) {
      await expect(funes.tools.select(wrong as never)).rejects.toMatchObject({ code: 'INPUT.INVALID' })
    }
    await expect(funes.tools.select({ embedding: [1, 2] })).rejects.toMatchObject({
      code: 'EMBEDDING.DIMENSION_MISMATCH',
    })
  })

  it('finds tools by the words of their names and parameters, where they have no vector', async () => {
    const { funes } = db()
    await funes.tools.registerMany([
      { name: 'createCalendarEvent', description: 'Adds it.', embedding: null },
      {
        ...{ name: 'x_fetch', description: 'Gets it.', embedding: null },
        parameters: { type: 'object', properties: { cityName: { description: 'whose weather is wanted' } } },
      },
    ])
    const best = async (text: string) => (await funes.tools.select({ text, k: 1 }))[0]
    expect((await best('put an event into my calendar'))?.tool.name).toBe('createCalendarEvent')
    expect((await best('the weather of a city'))?.tool.name).toBe('x_fetch')
    expect(await best('the weather of a city')).toMatchObject({ distance: null, parts: { vector: 0 } })
    for (const name of ['createCalendarEvent', 'x_fetch']) await funes.tools.remove({ name })
    expect(await funes.tools.select({ text: 'calendar weather' })).toEqual([])
  })

  it('can ask the index, and answers the same', async () => {
    const { funes, pool } = db()
    const model = (await funes.models.get('default')) as NonNullable<
      Awaited<ReturnType<typeof funes.models.get>>
    >
    const embedding = randomVector(random(8))
    const search = (exactUpTo: number | null, explain: boolean) =>
      selectBestTools({
        vector: {
          ...{ space: model, filter: undefined, k: 7, exactUpTo, efSearch: 200, userId: null },
          query: encodeVector(embedding, model.dimensions),
        },
        ...{ words: null, conditions: { enabled: true }, ranking: null, limit: 7, explain },
      })
    const run = async (exactUpTo: number | null) => {
      const { text, values } = compile(search(exactUpTo, true))
      return (await pool.query(text, values)).rows
    }
    const exact = await run(null)
    const indexed = await run(5)
    expect(exact.map(({ path }) => path)).toEqual(Array(7).fill('exact'))
    expect(indexed.map(({ path }) => path)).toEqual(Array(7).fill('index'))
    expect(indexed.map(({ name }) => name)).toEqual(exact.map(({ name }) => name))
    const client = await pool.connect()
    try {
      // Sixty rows are read quicker than any index: what is asked here is whether the index could serve.
      await client.query('begin; set local enable_sort = off; set local enable_seqscan = off')
      const { text, values } = compile(search(5, false))
      const plan = await client.query(`explain ${text}`, values)
      expect(JSON.stringify(plan.rows)).toContain('tool_embeddings_hnsw_m1')
      await client.query('rollback')
    } finally {
      client.release()
    }
  })
})
