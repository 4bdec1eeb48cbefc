import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createFunes, isFunesError, type SweepResult } from '../src/index.js'
import { removeDue } from '../src/sql/sweep.js'
import { onEveryEngine } from './engines.js'
import { execution } from './plans.js'
import { random, randomVector } from './vectors.js'

const ROWS = Number(process.env.FUNES_TEST_SWEEP_ROWS ?? 5000)
const next = random(11)
const embedding = () => randomVector(next)
const ago = (ms: number) => new Date(Date.now() - ms)

onEveryEngine('what is past its time', (db) => {
  /** Memories with a row in every table that refers to them, whose times are `expires` and `deleted`. */
  async function fill(userId: string, rows: number, expires: string, deleted = 'null'): Promise<void> {
    const { pool, funes } = db()
    await funes.users.ensure({ id: userId })
    await pool.query(
      `with m as (
        insert into memories (user_id, id, content, content_hash, expires_at, deleted_at)
        select $1, gen_random_uuid(), 'x', sha256('x'), ${expires}, ${deleted} from generate_series(1, $2) i
        returning user_id, id
      ),
      h as (insert into memory_history (user_id, memory_id, version, operation, previous) select user_id, id, 1, 'update', '{}' from m)
      insert into memory_access (user_id, memory_id) select user_id, id from m`,
      [userId, rows],
    )
  }
  const counts = async (userId: string) => {
    const tables = ['memories', 'memory_history', 'memory_access', 'memory_embeddings']
    const rows = await Promise.all(
      tables.map((t) => db().pool.query(`select count(*)::int4 as n from ${t} where user_id = $1`, [userId])),
    )
    return rows.map(({ rows }) => rows[0].n)
  }
  const isolated = (userId: string) => db().pool.query('delete from users where id = $1', [userId])

  it('is given in milliseconds too, and then not found by any call', async () => {
    const { funes } = db()
    const before = Date.now()
    const vector = embedding()
    const memory = { userId: 'ttl', content: 'Drinks tea.', embedding: vector, sessionId: 's' }
    await funes.sessions.start({ userId: 'ttl', id: 's' })
    const { id, expiresAt } = await funes.memories.add({ ...memory, ttlMs: 86_400_000 })
    expect(expiresAt?.getTime()).toBeGreaterThanOrEqual(before + 86_400_000)
    expect(expiresAt?.getTime()).toBeLessThanOrEqual(Date.now() + 86_400_000)
    const both = funes.memories.add({ ...memory, ttlMs: 1, expiresAt: new Date() })
    await expect(both).rejects.toSatisfy((e) => isFunesError(e, 'INPUT.INVALID') && e.meta.path === 'ttlMs')
    const other = await funes.memories.add({ ...memory, content: 'Drinks tea too.', embedding: embedding() })
    await funes.memories.update({ userId: 'ttl', id, expiresAt: ago(1000) })
    const only = (hits: readonly { memory: { id: string } }[]) => hits.map((hit) => hit.memory.id)
    const question = { userId: 'ttl', text: 'tea', embedding: vector }
    for (const mode of ['vector', 'text', 'hybrid'] as const)
      for (const accuracy of ['exact', 'fast'] as const)
        expect(only(await funes.memories.search({ ...question, mode, accuracy }))).toEqual([other.id])
    const [many] = await funes.memories.searchMany([{ userId: 'ttl', embedding: vector }])
    expect(only(many ?? [])).toEqual([other.id])
    const [hit] = await funes.memories.search({ ...question, context: { before: 5, after: 5 } })
    expect([...(hit?.context?.before ?? []), ...(hit?.context?.after ?? [])]).toEqual([])
    const { items } = await funes.memories.list({ userId: 'ttl', filter: { sessionId: 's' } })
    expect(items.map((item) => item.id)).toEqual([other.id])
    expect(await funes.memories.get({ userId: 'ttl', id })).toBeNull()
    expect(await funes.memories.embedding({ userId: 'ttl', id })).toBeNull()
    expect(await funes.memories.count({ userId: 'ttl' })).toBe(1)
    await isolated('ttl')
  })

  it('can be brought back with a new time, and not with the old one', async () => {
    const { funes } = db()
    const vector = embedding()
    const memory = { userId: 'again', content: 'x', embedding: vector, expiresAt: ago(1000) }
    const { id } = await funes.memories.add(memory)
    const key = { userId: 'again', id }
    await expect(funes.memories.restore(key)).rejects.toSatisfy((e) => isFunesError(e, 'MEMORY.EXPIRED'))
    await expect(funes.memories.restoreVersion({ ...key, version: 1 })).rejects.toSatisfy((e) =>
      isFunesError(e, 'MEMORY.EXPIRED'),
    )
    expect((await funes.memories.get({ ...key, includeDeleted: true }))?.version).toBe(1)
    const later = new Date('2100-01-01')
    expect(await funes.memories.restore({ ...key, expiresAt: later })).toMatchObject({
      expiresAt: later,
      version: 2,
    })
    const found = async () => (await funes.memories.search({ userId: 'again', embedding: vector })).length
    expect(await found()).toBe(1)
    await funes.memories.update({ ...key, expiresAt: ago(5) })
    await expect(funes.memories.delete(key)).resolves.toMatchObject({ version: 4 })
    await expect(funes.memories.restore(key)).rejects.toSatisfy((e) => isFunesError(e, 'MEMORY.EXPIRED'))
    await funes.memories.restore({ ...key, expiresAt: null })
    expect(await found()).toBe(1)
    await expect(funes.memories.restore(key)).rejects.toSatisfy((e) => isFunesError(e, 'MEMORY.NOT_FOUND'))
    await isolated('again')
  })

  it('is swept up with all that belongs to it, and nothing else is', async () => {
    const { funes } = db()
    await fill('sweep', 25, "now() - interval '1 hour' + i * interval '1 minute'")
    await fill('sweep', 10, "now() + interval '1 hour'")
    await fill('sweep', 10, 'null', "now() - i * interval '1 day'")
    await funes.memories.add({
      userId: 'sweep',
      content: 'y',
      embedding: embedding(),
      expiresAt: ago(9 * 3_600_000),
    })
    const seen: SweepResult[] = []
    const some = await funes.lifecycle.sweep({ limit: 11, batchSize: 4, onProgress: (p) => seen.push(p) })
    expect(some).toEqual({ expired: 11, deleted: 0 })
    expect(seen.map(({ expired }) => expired)).toEqual([4, 8, 11])
    // The longest due went first, the one with a vector first of all.
    expect(await counts('sweep')).toEqual([35, 35, 35, 0])
    expect(await funes.lifecycle.sweep({ expiredForMs: 40.5 * 60_000 })).toEqual({ expired: 9, deleted: 0 })
    expect(await funes.lifecycle.sweep({ deletedForMs: 6.5 * 86_400_000 })).toEqual({
      expired: 6,
      deleted: 4,
    })
    expect(await counts('sweep')).toEqual([16, 16, 16, 0])
    expect(await funes.lifecycle.sweep()).toEqual({ expired: 0, deleted: 0 })
    await isolated('sweep')
  })

  it('is found through an index, and swept up once when many sweep at once', async () => {
    const { funes, pool, url, open } = db()
    const rows = url === undefined ? Math.min(ROWS, 1000) : ROWS
    await fill('many', rows, "now() - interval '1 hour'")
    await fill('stay', 500, 'null')
    await pool.query('analyze memories')
    for (const due of ['expired', 'deleted'] as const) {
      const { nodes } = await execution(pool, removeDue(due, 1, 1e12), { times: 7 })
      const index = due === 'expired' ? 'memories_expires_idx' : 'memories_deleted_idx'
      expect(nodes.map((node) => node['Index Name'])).toContain(index)
      expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan' && n['Relation Name'] === 'memories')).toEqual(
        [],
      )
    }
    // On a server each has connections of its own.
    const sweepers = await Promise.all(
      Array.from({ length: 5 }, () => (url === undefined ? open() : createFunes({ url }))),
    )
    const start = performance.now()
    const results = await Promise.all(sweepers.map((one) => one.lifecycle.sweep({ batchSize: 100 })))
    if (process.env.FUNES_TEST_SWEEP_ROWS) console.log(`swept ${rows} in ${performance.now() - start} ms`)
    expect(results.reduce((sum, { expired }) => sum + expired, 0)).toBe(rows)
    if (url !== undefined) expect(results.filter(({ expired }) => expired > 0).length).toBeGreaterThan(1)
    expect(await counts('many')).toEqual([0, 0, 0, 0])
    expect(await counts('stay')).toEqual([500, 500, 500, 0])
    await Promise.all(sweepers.map((one) => one.close()))
    expect(await funes.memories.count({ userId: 'stay' })).toBe(500)
    await isolated('stay')
  })

  it('is swept up regularly until stopped, or closed', async () => {
    const { open } = db()
    const funes = await open()
    const results: SweepResult[] = []
    const options = { everyMs: 100, onSweep: (result: SweepResult) => results.push(result) }
    const sweeping = funes.lifecycle.start(options)
    await fill('regular', 3, "now() - interval '1 second'")
    await expect.poll(() => results.reduce((sum, { expired }) => sum + expired, 0)).toBe(3)
    await expect.poll(() => results.length).toBeGreaterThan(2)
    await sweeping.stop()
    funes.lifecycle.start({
      ...options,
      onSweep: (result) => {
        results.push(result)
        throw new Error('a listener that throws')
      },
    })
    const before = results.length
    await expect.poll(() => results.length).toBeGreaterThan(before + 1)
    await funes.close()
    const ended = results.length
    await sleep(300)
    expect(results.length).toBe(ended)
    await isolated('regular')
  })
})
