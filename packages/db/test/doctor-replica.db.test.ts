import { describe, expect, it } from 'vitest'
import { createFunes, type DoctorFinding } from '../src/index.js'
import { startPrivateServer } from './private-server.js'
import { startReplica } from './replica.js'
import { random, randomVector } from './vectors.js'

/** Two servers take several seconds: `npm run test:trust` starts them. */
const isWanted = Boolean(process.env.FUNES_TEST_REPLICA)

describe.skipIf(!isWanted)('doctor on a replica', () => {
  it('says how far it is behind, and that it is cut off, on both sides', { timeout: 120_000 }, async () => {
    const server = await startPrivateServer()
    if (typeof server === 'string') throw new Error(server)
    const next = random(3)
    const primary = await createFunes({ url: server.url })
    await primary.migrate()
    const embedding = randomVector(next, 384)
    await primary.memories.add({ userId: 'ada', content: 'tea', embedding })
    const replica = await startReplica(server.url, 'follower')
    const reader = await createFunes({ url: replica.url })
    const about = async (
      funes: typeof reader,
      what: RegExp,
    ): Promise<[string, DoctorFinding['severity']][]> =>
      (await funes.doctor()).findings
        .filter(({ id }) => what.test(id))
        .map(({ id, severity }) => [id, severity])

    try {
      await expect
        .poll(async () => (await reader.memories.search({ userId: 'ada', embedding })).length, {
          timeout: 10_000,
        })
        .toBe(1)
      expect(await about(reader, /^replication/)).toEqual([['replication.replica', 'warning']])
      expect(await about(reader, /^(schema|indexes|migrations|rights\.read-only)/)).toEqual([
        ['migrations', 'ok'],
        ['schema', 'ok'],
        ['indexes', 'ok'],
      ])
      await expect.poll(() => about(primary, /^replication/)).toEqual([['replication', 'ok']])

      await reader.prisma.$queryRaw`select pg_wal_replay_pause()::text`
      expect(await about(reader, /^replication/)).toContainEqual(['replication.paused', 'warning'])
      await reader.prisma.$queryRaw`select pg_wal_replay_resume()::text`

      // The primary goes away, as when its network does.
      await server.stop()
      await expect
        .poll(() => about(reader, /^replication/), { timeout: 20_000 })
        .toEqual([
          ['replication.replica', 'warning'],
          ['replication.disconnected', 'error'],
        ])
      expect((await reader.doctor()).ok).toBe(false)
      await server.start()
      await expect
        .poll(() => about(reader, /^replication/), { timeout: 20_000 })
        .toEqual([['replication.replica', 'warning']])
    } finally {
      await reader.close()
      await replica.remove()
    }
    await expect
      .poll(() => about(primary, /^replication/), { timeout: 20_000 })
      .toEqual([['replication.slot', 'info']])
    await primary.close()
    await server.remove()
  })
})
