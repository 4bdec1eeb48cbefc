import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createFunes, type ForgetPolicy, isFunesError } from '../src/index.js'
import { MEMORY_SOURCES } from '../src/memories/types.js'
import { onEveryEngine } from './engines.js'
import { type Fading, fadedOf } from './forget-oracle.js'
import { random, randomVector } from './vectors.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const AT = Date.UTC(2026, 0, 1)
const next = random(13)

/** Ages of whole hours, so that scores often are alike; accesses may come before the memory, and either after `at`. */
const hoursAgo = fc.integer({ min: -10, max: 24 * 90 }).map((hours) => AT - hours * HOUR)
const memory = fc.record({
  id: fc.constant(null).map(() => randomUUID()),
  source: fc.constantFrom(...MEMORY_SOURCES),
  importance: fc.oneof(fc.constantFrom(0, 0.25, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
  createdAt: hoursAgo,
  accessedAt: fc.option(hoursAgo),
})
const policy = fc.record(
  {
    halfLifeMs: fc.constantFrom(1, HOUR, DAY, 10 * DAY, 1000 * DAY),
    below: fc.oneof(fc.constantFrom(1e-9, 0.125, 0.25, 1), fc.double({ min: 1e-12, max: 1, noNaN: true })),
    minAgeMs: fc.constantFrom(0, HOUR, DAY, 30 * DAY),
    exceptSources: fc.uniqueArray(fc.constantFrom(...MEMORY_SOURCES)),
    keepAtLeast: fc.nat(12),
  },
  { requiredKeys: ['below'] },
)

onEveryEngine('lifecycle.forget', (db) => {
  async function fill(userId: string, memories: readonly Fading[]): Promise<void> {
    await db().funes.users.ensure({ id: userId })
    await db().pool.query(
      `with given as (
        select * from jsonb_to_recordset($2) as g (id uuid, source text, importance float8, "createdAt" float8, "accessedAt" float8)
      ),
      m as (
        insert into memories (user_id, id, content, content_hash, source, importance, created_at)
        select $1, id, 'x', sha256('x'), source::memory_source, importance, to_timestamp("createdAt" / 1000) from given
      )
      insert into memory_access (user_id, memory_id, access_count, last_accessed_at)
      select $1, id, 1, to_timestamp("accessedAt" / 1000) from given where "accessedAt" is not null`,
      [userId, JSON.stringify(memories)],
    )
  }
  const idsOf = async (userId: string) =>
    new Set((await db().funes.memories.list({ userId, limit: 1000 })).items.map(({ id }) => id))
  const old = (n: number, more: Partial<Fading> = {}): Fading[] =>
    Array.from({ length: n }, (_, i) => ({
      id: randomUUID(),
      source: 'chat',
      importance: (i + 1) / (n + 1),
      createdAt: Date.now() - 365 * DAY - i * HOUR,
      accessedAt: null,
      ...more,
    }))

  it('forgets what the definition says, in its order, and a dry run says the same and changes nothing', async () => {
    const { funes } = db()
    let users = 0
    const property = fc.asyncProperty(
      fc.array(memory, { maxLength: 12 }),
      policy,
      fc.constantFrom(1, 3, 500),
      fc.boolean(),
      async (memories, drawn, batchSize, hard) => {
        const userId = `oracle ${users++}`
        await fill(userId, memories)
        const rules = Object.fromEntries(
          Object.entries(drawn).filter(([, v]) => v !== undefined),
        ) as unknown as ForgetPolicy
        const asked = { userId, at: new Date(AT), ...rules }
        const { candidates, count } = fadedOf(memories, rules, AT)
        const dry = await funes.lifecycle.forget({ ...asked, dryRun: true })
        expect([dry.forgotten, dry.memories.length]).toEqual([count, count])
        for (const { id, score } of dry.memories) expect(score).toBeCloseTo(candidates.get(id) ?? -1, 12)
        const scores = dry.memories.map(({ score }) => score)
        expect(scores).toEqual([...scores].sort((a, b) => a - b))
        // What fades further is forgotten first; two that are as good as alike may change places.
        const gone = new Set(dry.memories.map(({ id }) => id))
        for (const [id, score] of candidates)
          if (!gone.has(id)) expect(score).toBeGreaterThanOrEqual((scores.at(-1) ?? 0) - 1e-12)
        expect((await idsOf(userId)).size).toBe(memories.length)
        const done = await funes.lifecycle.forget({ ...asked, batchSize, hard })
        expect(done).toEqual(dry)
        const kept = memories.filter(({ id }) => !gone.has(id))
        expect(await idsOf(userId)).toEqual(new Set(kept.map(({ id }) => id)))
        expect((await funes.lifecycle.forget(asked)).forgotten).toBe(0)
      },
    )
    await fc.assert(property, { numRuns: Number(process.env.FUNES_TEST_FORGET_RUNS ?? 25) })
  })

  it('deletes softly, with its name in the history, and what it deleted can be restored', async () => {
    const { funes } = db()
    const embedding = randomVector(next)
    const createdAt = new Date(Date.now() - 100 * DAY)
    const { id } = await funes.memories.add({ userId: 'soft', content: 'x', embedding, createdAt })
    const used = await funes.memories.add({ userId: 'soft', content: 'y', embedding, createdAt })
    await funes.memories.touch(used)
    const policy = { userId: 'soft', below: 0.1, halfLifeMs: 10 * DAY }
    const { forgotten, memories } = await funes.lifecycle.forget({ ...policy, name: 'nightly' })
    expect([forgotten, memories[0]]).toEqual([
      1,
      { userId: 'soft', id, score: expect.closeTo(0.5 * 2 ** -10, 6) },
    ])
    expect((await funes.memories.search({ userId: 'soft', embedding })).map((h) => h.memory.id)).toEqual([
      used.id,
    ])
    const [change] = await funes.memories.history({ userId: 'soft', id })
    expect(change).toMatchObject({ operation: 'delete', actor: 'policy:nightly', changed: ['deletedAt'] })
    await funes.memories.restore({ userId: 'soft', id })
    expect((await funes.memories.search({ userId: 'soft', embedding })).length).toBe(2)
  })

  it('removes for good when asked to, what is deleted or expired aside', async () => {
    const { funes, pool } = db()
    const memories = old(6)
    await fill('hard', memories)
    const [first, second] = memories as [Fading, Fading]
    await funes.memories.delete({ userId: 'hard', id: first.id })
    await funes.memories.update({ userId: 'hard', id: second.id, expiresAt: new Date(Date.now() - 1) })
    const done = await funes.lifecycle.forget({
      userId: 'hard',
      below: 1,
      halfLifeMs: DAY,
      hard: true,
      limit: 3,
    })
    expect(done.memories.map(({ id }) => id)).toEqual(memories.slice(2, 5).map(({ id }) => id))
    const { rows } = await pool.query('select id from memories where user_id = $1', ['hard'])
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set([first, second, memories[5]].map((m) => m?.id)))
  })

  it('goes over all users when asked to, and leaves each as many as are to be kept, however many processes do it', async () => {
    const { url, open } = db()
    for (let i = 0; i < 4; i++) await fill(`every ${i}`, old(20 + i))
    await fill('every few', old(5))
    const others = await Promise.all(
      Array.from({ length: 4 }, () => (url === undefined ? open() : createFunes({ url }))),
    )
    const policy = { scope: 'all-users' as const, below: 1, halfLifeMs: DAY, keepAtLeast: 7, batchSize: 3 }
    const results = await Promise.all(others.map((one) => one.lifecycle.forget(policy)))
    const forgotten = results
      .flatMap(({ memories }) => memories)
      .filter(({ userId }) => userId.startsWith('every'))
    expect(forgotten.length).toBe(13 + 14 + 15 + 16)
    expect(new Set(forgotten.map(({ id }) => id)).size).toBe(forgotten.length)
    for (const [userId, kept] of [
      ...[0, 1, 2, 3].map((i) => [`every ${i}`, 7] as const),
      ['every few', 5] as const,
    ])
      expect((await idsOf(userId)).size).toBe(kept)
    await Promise.all(others.map((one) => one.close()))
  })

  it('refuses what makes no sense, and to be part of a transaction', async () => {
    const { funes } = db()
    const refused = [
      { below: 0.5 },
      { userId: 'a', scope: 'all-users', below: 0.5 },
      { userId: 'a', below: 0 },
      { userId: 'a', below: 0.5, halfLifeMs: 0 },
      { userId: 'a', below: 0.5, exceptSources: ['rumour'] },
    ]
    for (const policy of refused)
      await expect(funes.lifecycle.forget(policy as never)).rejects.toSatisfy((e) =>
        isFunesError(e, 'INPUT.INVALID'),
      )
    const within = funes.transaction(() => funes.lifecycle.forget({ userId: 'a', below: 0.5 }))
    await expect(within).rejects.toSatisfy((e) => isFunesError(e, 'TRANSACTION.NOT_ALLOWED'))
  })
})
