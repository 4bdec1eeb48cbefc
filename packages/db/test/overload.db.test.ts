import pg from 'pg'
import { expect, it } from 'vitest'
import { isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const next = random(8)
/** Ten times as many as there are connections. */
const TIMES = 10
/** What a busy event loop adds to a deadline. */
const SLACK_MS = 750

onEveryEngine('ten times as many calls as connections', (db) => {
  it('each get a result or a typed error by their deadlines, and the pool is whole afterwards', async () => {
    const { engine, url } = db()
    const max = engine === 'server' ? 4 : 1
    const pool = engine === 'server' ? new pg.Pool({ connectionString: url as string, max }) : db().pool
    const funes = await db().open({ pool })
    const embedding = randomVector(next)
    // The first transaction of a process loads Prisma, which stops everything else.
    await funes.transaction((tx) => tx.memories.count({ userId: 'crowd' }))
    let most = 0
    const call = async (i: number) => {
      // Some have time enough, some can only just make it, some cannot.
      const timeoutMs = [3_000, 200, 20][i % 3] as number
      const startedAt = performance.now()
      const outcome = await (i % 2 === 0
        ? funes.transaction(
            async (tx) => {
              most = Math.max(most, funes.pool.active)
              await tx.memories.add({ userId: 'crowd', content: `${i}`, embedding })
              await new Promise((resolve) => setTimeout(resolve, 40))
            },
            { signal: AbortSignal.timeout(timeoutMs) },
          )
        : funes.memories.add({ userId: 'crowd', content: `${i}`, embedding, timeoutMs })
      ).then(
        () => 'done' as const,
        (error: unknown) => error,
      )
      return { i, outcome, lateBy: performance.now() - startedAt - timeoutMs }
    }
    const results = await Promise.all(Array.from({ length: TIMES * max }, (_, i) => call(i)))
    const done = results.filter(({ outcome }) => outcome === 'done')
    const failed = results.filter(({ outcome }) => outcome !== 'done')
    expect(failed.map(({ outcome }) => outcome).filter((e) => !isFunesError(e))).toEqual([])
    expect(results.filter(({ lateBy }) => lateBy > SLACK_MS)).toEqual([])
    expect(done.length).toBeGreaterThan(0)
    expect(failed.length).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(max)

    // Whatever was called off while it ran comes to its end within moments.
    await expect.poll(() => funes.pool.holders.length).toBe(0)
    expect(funes.pool).toMatchObject({ waiting: 0, active: 0 })
    await Promise.all(Array.from({ length: max }, () => funes.memories.count({ userId: 'crowd' })))
    expect(funes.pool).toMatchObject({ waiting: 0, active: 0, total: max })
    const kept = new Set(
      (await funes.memories.list({ userId: 'crowd', limit: 1000 })).items.map((m) => m.content),
    )
    expect(done.filter(({ i }) => !kept.has(`${i}`))).toEqual([])
    await funes.close()
    if (pool !== db().pool) await pool.end()
  })
})
