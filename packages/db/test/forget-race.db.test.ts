import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes } from '../src/index.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'
import { random, randomVector } from './vectors.js'

const LOCK = 42
const DAY = 86_400_000
const next = random(14)

describeOnServer('forgetting while memories are changed', () => {
  let drop: () => Promise<unknown>
  let other: pg.Client
  let funes: Funes
  /** Computes scores only while nobody holds the lock. */
  let slow: Funes

  beforeAll(async () => {
    const database = await emptyServerDatabase()
    drop = database.drop
    const url = new URL(database.url)
    // Set to come before pg_catalog, a function of the same name is the one that is meant.
    url.searchParams.set('options', '-c search_path=slow,public,pg_catalog')
    funes = await createFunes({ url: database.url })
    await funes.migrate()
    slow = await createFunes({ url: url.toString() })
    other = new pg.Client({ connectionString: database.url })
    await other.connect()
    await other.query(`
      create schema slow;
      create function slow.power(base float8, exponent float8) returns float8 language plpgsql volatile as $$
      begin
        perform pg_advisory_lock_shared(${LOCK});
        perform pg_advisory_unlock_shared(${LOCK});
        return pg_catalog.power(base, exponent);
      end $$`)
  })
  afterAll(async () => {
    await Promise.all([funes?.close(), slow?.close(), other?.end()])
    await drop?.()
  })

  const isWaiting = async () => {
    const { rows } = await other.query(
      "select count(*)::int4 as n from pg_locks where locktype = 'advisory' and not granted and objid = $1",
      [LOCK],
    )
    return rows[0].n > 0
  }

  it.each([{ hard: false }, { hard: true }])(
    'keeps what was updated or touched after it had looked: %j',
    async ({ hard }) => {
      const userId = `user ${hard}`
      const createdAt = new Date(Date.now() - 365 * DAY)
      const ids = [randomUUID(), randomUUID(), randomUUID()] as const
      for (const id of ids) {
        await funes.memories.add({
          userId,
          id,
          content: id,
          importance: 0.5,
          createdAt,
          embedding: randomVector(next),
        })
      }
      await funes.memories.touch({ userId, id: ids[1] })
      await other.query(
        "update memory_access set last_accessed_at = now() - interval '1 year' where user_id = $1",
        [userId],
      )

      await other.query('select pg_advisory_lock($1)', [LOCK])
      const forgetting = slow.lifecycle.forget({ userId, halfLifeMs: 365 * DAY, below: 0.3, hard })
      await expect.poll(isWaiting).toBe(true)
      await funes.memories.update({ userId, id: ids[0], importance: 1 })
      await funes.memories.touch({ userId, id: ids[1] })
      await other.query('select pg_advisory_unlock($1)', [LOCK])

      expect((await forgetting).memories.map(({ id }) => id)).toEqual([ids[2]])
      expect(await funes.memories.get({ userId, id: ids[0] })).toMatchObject({ importance: 1 })
      expect(await funes.memories.get({ userId, id: ids[1] })).not.toBeNull()
      const { rows } = await other.query('select count(*)::int4 as n from memories where user_id = $1', [
        userId,
      ])
      expect(rows[0].n).toBe(hard ? 2 : 3)
    },
  )
})
