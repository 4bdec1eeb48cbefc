import { expect, it } from 'vitest'
import { createFunes, type Funes, isFunesError, type PurgeProgress, purgeDigest } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

/** 10,000 is what it is meant for; fewer keep the suite short. */
const ROWS = Number(process.env.FUNES_TEST_PURGE_ROWS ?? 250)
const FILLED = [
  'memories',
  'memory_access',
  'memory_embeddings',
  'memory_history',
  'sessions',
  'tool_usage',
  'users',
]
const next = random(17)
const embedding = () => randomVector(next)

onEveryEngine('purge', (db) => {
  /** Rows of each user in every table that the catalogue says has a column user_id: asked in another way than the purge asks. */
  async function rowsByTable(): Promise<Map<string, Map<string, number>>> {
    const { pool } = db()
    const tables = await pool.query(
      `select table_name as name from information_schema.columns
         join information_schema.tables using (table_schema, table_name)
         where table_schema = current_schema() and column_name = 'user_id' and table_type = 'BASE TABLE'`,
    )
    const counts = new Map<string, Map<string, number>>()
    for (const { name } of [...tables.rows, { name: 'users' }]) {
      const column = name === 'users' ? 'id' : 'user_id'
      const { rows } = await pool.query(
        `select "${column}"::text as user, count(*)::int4 as n from "${name}" where "${column}" is not null group by 1`,
      )
      counts.set(name, new Map(rows.map(({ user, n }) => [user, n])))
    }
    return counts
  }
  const ofUser = (counts: Map<string, Map<string, number>>, userId: string) =>
    Object.fromEntries([...counts].map(([name, users]) => [name, users.get(userId) ?? 0]))

  /** A row at least in every table of Funes that holds rows of users. */
  async function fill(userId: string, rows: number): Promise<void> {
    const { funes, pool } = db()
    await funes.sessions.start({ userId, id: 's' })
    const memories = Array.from({ length: rows }, (_, i) => ({
      userId,
      content: `m${i}`,
      // A vector costs more than all the rest of a row, where an index takes it.
      embedding: i < 20 || rows >= 1000 ? embedding() : null,
      ...(i % 2 === 0 && { sessionId: 's' }),
    }))
    await funes.memories.load(memories)
    const { items } = await funes.memories.list({ userId, limit: 3 })
    await funes.memories.touch(items)
    for (const { id } of items) await funes.memories.update({ userId, id, importance: 0.9 })
    await funes.memories.delete({ userId, id: items[0]?.id as string })
    await pool.query(`insert into tools (name, description) values ('t', 'd') on conflict (name) do nothing`)
    await pool.query(
      `insert into tool_usage (id, tool_id, user_id, session_id, success, at)
         select gen_random_uuid(), t.id, $1, 's', true, now() from tools t cross join generate_series(1, 5) where t.name = 't'`,
      [userId],
    )
  }

  it('leaves nothing of the user in any table, touches nobody else, and says what it did', async () => {
    const { funes } = db()
    const likes = ['ad', 'Ada', 'ad%', "ada'; --"]
    await fill('ada', ROWS)
    for (const other of likes) await fill(other, 3)
    const before = await rowsByTable()
    for (const name of FILLED) expect([name, (ofUser(before, 'ada')[name] ?? 0) > 0]).toEqual([name, true])
    const seen: PurgeProgress[] = []
    const start = performance.now()
    const receipt = await funes.purge({
      userId: 'ada',
      ...(ROWS < 1000 && { batchSize: 60 }),
      onProgress: (p) => seen.push(p),
    })
    if (process.env.FUNES_TEST_PURGE_ROWS)
      console.log(`purged ${ROWS} memories in ${Math.round(performance.now() - start)} ms`, receipt)
    const after = await rowsByTable()
    for (const [name, rows] of Object.entries(ofUser(after, 'ada'))) expect([name, rows]).toEqual([name, 0])
    for (const other of likes) expect(ofUser(after, other)).toEqual(ofUser(before, other))
    const roots = Object.keys(receipt.removed)
    expect(receipt.removed).toEqual(
      Object.fromEntries(Object.entries(ofUser(before, 'ada')).filter(([name]) => roots.includes(name))),
    )
    expect(roots).toEqual(expect.arrayContaining(FILLED))
    expect(Object.keys(receipt.remaining)).toEqual([...after.keys()].sort())
    expect(new Set(Object.values(receipt.remaining))).toEqual(new Set([0]))
    expect(receipt).toMatchObject({ userId: 'ada', left: [], unread: [], vacuumed: false })
    expect(receipt.finishedAt.getTime()).toBeGreaterThanOrEqual(receipt.startedAt.getTime())
    expect(purgeDigest(receipt)).toBe(receipt.digest)
    const total = Object.values(receipt.removed).reduce((a, b) => a + b, 0)
    expect(seen.at(-1)).toMatchObject({ done: total - 1, total })
    expect(await funes.memories.search({ userId: 'ada', embedding: embedding() })).toEqual([])
    // Once more there is nothing to do, and the user can begin anew.
    const again = await funes.purge({ userId: 'ada' })
    expect(new Set(Object.values(again.removed))).toEqual(new Set([0]))
    await funes.memories.add({ userId: 'ada', content: 'anew', embedding: null })
    expect(await funes.memories.count({ userId: 'ada' })).toBe(1)
  })

  it('goes on where it was stopped', async () => {
    const { funes, open } = db()
    await fill('halt', 60)
    const before = ofUser(await rowsByTable(), 'halt')
    const stopped = funes.purge({
      userId: 'halt',
      batchSize: 20,
      onProgress({ table, done }) {
        if (table === 'memories' && done > 40) throw new Error('killed')
      },
    })
    await expect(stopped).rejects.toThrow('killed')
    const between = ofUser(await rowsByTable(), 'halt')
    expect(between).toMatchObject({ memory_embeddings: 0, users: 1 })
    expect(between.memories).toBeGreaterThan(0)
    expect(between.memories).toBeLessThan(before.memories as number)
    const other = await open()
    const { removed } = await other.purge({ userId: 'halt' })
    expect(removed.memories).toBe(between.memories)
    expect(new Set(Object.values(ofUser(await rowsByTable(), 'halt')))).toEqual(new Set([0]))
    await other.close()
  })

  it('reports rows in tables that are not of Funes, and leaves them', async () => {
    const { funes, pool } = db()
    await fill('42', 3)
    await pool.query(`
        create table "Their ""orders""" (user_id int, total int);
        create table notes (user_id text, at date not null) partition by range (at);
        create table notes_2025 partition of notes for values from ('2025-01-01') to ('2026-01-01');
        create materialized view digest as select user_id, count(*) from memories group by 1;
        insert into "Their ""orders""" values (42, 1), (42, 2), (7, 3);
        insert into notes values ('42', '2025-05-05'), ('7', '2025-05-05')`)
    try {
      const receipt = await funes.purge({ userId: '42' })
      expect(receipt.remaining).toMatchObject({
        'Their "orders"': 2,
        notes: 1,
        notes_2025: 1,
        digest: 1,
        memories: 0,
      })
      expect(receipt.left).toEqual(['Their "orders"', 'digest', 'notes', 'notes_2025'])
      const { rows } = await pool.query('select count(*)::int4 as n from "Their ""orders"""')
      expect(rows[0].n).toBe(3)
    } finally {
      await pool.query('drop table "Their ""orders""", notes; drop materialized view digest')
    }
  })

  it('removes nothing of the last part, and says why, where another table refers to the user', async () => {
    const { funes, pool } = db()
    await fill('held', 2)
    await pool.query(`
        create table carts (owner text constraint carts_owner references users (id));
        insert into carts values ('held')`)
    try {
      await expect(funes.purge({ userId: 'held' })).rejects.toSatisfy(
        (e) => isFunesError(e, 'PURGE.INCOMPLETE') && e.meta.constraint === 'carts_owner',
      )
      expect(await funes.users.get('held')).not.toBeNull()
      await pool.query('delete from carts')
      expect((await funes.purge({ userId: 'held' })).removed.users).toBe(1)
    } finally {
      await pool.query('drop table carts')
    }
  })

  it('lets no write of the time survive it unseen', async () => {
    const { url, open } = db()
    await fill('busy', 80)
    const stores = await Promise.all(Array.from({ length: 4 }, () => (url ? createFunes({ url }) : open())))
    let isOver = false
    let stored = 81
    const refused: unknown[] = []
    async function write(funes: Funes, i: number) {
      // One of them begins anew after the purge; the session of the others is gone.
      const memory = { userId: 'busy', content: 'x', embedding: null, ...(i > 0 && { sessionId: 's' }) }
      while (!isOver) {
        await funes.memories.add(memory).then(
          () => {
            stored += 1
          },
          (error: unknown) => refused.push(error),
        )
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    await stores[0]?.memories.add({ userId: 'busy', content: 'x', embedding: null })
    const writing = stores.slice(1).map(write)
    const receipt = await (stores[0] as Funes).purge({ userId: 'busy', batchSize: 10 })
    await expect.poll(() => refused.length).toBeGreaterThan(0)
    isOver = true
    await Promise.all(writing)
    const { rows } = await db().pool.query('select count(*)::int4 as n from memories where user_id = $1', [
      'busy',
    ])
    // Every memory whose add was answered was removed and counted, or came after.
    expect((receipt.removed.memories ?? 0) + rows[0].n).toBe(stored)
    expect(new Set(Object.values(receipt.remaining))).toEqual(new Set([0]))
    for (const error of refused)
      expect(error).toSatisfy((e) => isFunesError(e, 'USER.NOT_FOUND', 'SESSION.NOT_FOUND'))
    await Promise.all(stores.map((one) => one.close()))
  })

  it('takes vectors out of the pages of the index when asked to vacuum', async () => {
    const { funes, pool, url } = db()
    const { id } = await funes.memories.add({
      userId: 'page',
      content: 'x',
      embedding: Float32Array.from({ length: 384 }, () => 0.123),
    })
    const holds = async () => {
      if (url === undefined) return undefined
      await pool.query('checkpoint')
      const file = `pg_read_binary_file(pg_relation_filepath('memory_embeddings_hnsw_m1'))`
      // 1 / √384 in half precision, as it lies in memory: under cosine the index keeps vectors of length 1.
      const { rows } = await pool.query(
        `select position(decode(repeat('882a', 300), 'hex') in ${file}) as at`,
      )
      return rows[0].at > 0
    }
    if (url !== undefined) expect(await holds()).toBe(true)
    const receipt = await funes.purge({ userId: 'page', vacuum: true })
    expect(receipt).toMatchObject({ vacuumed: true, removed: { memories: 1 } })
    if (url !== undefined) expect(await holds()).toBe(false)
    expect(await funes.memories.get({ userId: 'page', id })).toBeNull()
  })
})
