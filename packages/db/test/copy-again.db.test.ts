import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes } from '../src/index.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.js'
import { random, randomVector } from './vectors.js'

const next = random(32)
const memory = (userId: string, content: string) => ({ userId, content, embedding: randomVector(next) })

describeOnServer('rows that are copied in bulk', () => {
  let funes: Funes
  let behind: Funes
  let proxy: TcpProxy
  let other: pg.Client
  let drop: () => Promise<unknown>
  const dir = mkdtempSync(join(tmpdir(), 'funes-again-'))

  beforeAll(async () => {
    const database = await emptyServerDatabase()
    drop = database.drop
    other = new pg.Client({ connectionString: database.url })
    await other.connect()
    // It is looked for once, so long after the wait began: by then the other must wait too.
    await other.query(
      `alter database ${new URL(database.url).pathname.slice(1)} set deadlock_timeout = '700ms'`,
    )
    funes = await createFunes({ url: database.url, retry: { baseMs: 10 } })
    await funes.migrate()
    proxy = await createTcpProxy(database.url)
    behind = await createFunes({ url: proxy.url, preparedStatements: false, retry: { baseMs: 10 } })
    // So it is not the victim.
    await other.query("set deadlock_timeout = '20s'")
  })
  afterAll(async () => {
    await Promise.all([funes?.close(), behind?.close(), other?.end()])
    await proxy?.close()
    await drop?.()
    rmSync(dir, { recursive: true })
  })

  /** Makes whoever stores for `a` and then for `z` the victim of a deadlock. */
  async function collide(a: string, z: string, store: () => Promise<unknown>): Promise<void> {
    await other.query('begin')
    await other.query('insert into users (id) values ($1)', [z])
    const storing = store()
    const waits = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    await expect.poll(async () => (await other.query(waits)).rows[0].n).toBeGreaterThan(0)
    await other.query('insert into users (id) values ($1)', [a])
    await other.query('rollback')
    await storing
  }

  it('are stored again when they met a deadlock, batch by batch in their order', async () => {
    const given = Array.from({ length: 12 }, (_, i) =>
      memory(i === 0 ? 'load-a' : i === 1 ? 'load-z' : `load-${i}`, `${i}`),
    )
    const done: number[] = []
    let kept = 0
    await collide('load-a', 'load-z', async () => {
      const { added } = await funes.memories.load(given, {
        batchSize: 3,
        onProgress: (progress) => done.push(progress.done),
      })
      kept = added
    })
    expect(kept).toBe(12)
    expect(done).toEqual([3, 6, 9, 12])
    expect(await funes.memories.count({ scope: 'all-users' })).toBe(12)
  })

  it('are not stored again once the caller’s own part of the batch has run', async () => {
    let runs = 0
    const load = behind.memories.load([memory('told', '1')], {
      withBatch: async (client) => {
        runs += 1
        proxy.cutOnce('told by the caller', 'before')
        await client.query("select 'told by the caller'")
      },
    })
    await expect(load).rejects.toBeDefined()
    expect(runs).toBe(1)
    expect(await funes.memories.count({ userId: 'told' })).toBe(0)
  })

  it('are stored again whose connection was lost', async () => {
    for (const [text, cut] of [
      ['memory_embeddings', 'before'],
      ['commit', 'before'],
      ['commit', 'after'],
    ] as const) {
      const before = proxy.cuts
      proxy.cutOnce(text, cut)
      const userId = `cut ${text} ${cut}`
      expect(await behind.memories.load([memory(userId, 'x'), memory(userId, 'y')])).toEqual({ added: 2 })
      expect(proxy.cuts).toBe(before + 1)
      expect(await funes.memories.count({ userId })).toBe(2)
    }
  })

  it('are imported all the same', async () => {
    await funes.memories.addMany([memory('import-a', '1'), memory('import-z', '2')])
    const file = join(dir, 'all.funes')
    await funes.archive.export({ to: file, users: ['import-a', 'import-z'] })
    for (const userId of ['import-a', 'import-z']) await funes.purge({ userId })
    await collide('import-a', 'import-z', () => funes.archive.import({ from: file, onConflict: 'skip' }))
    expect(await funes.memories.count({ userId: 'import-a' })).toBe(1)
    expect(await funes.memories.count({ userId: 'import-z' })).toBe(1)
  })
})
