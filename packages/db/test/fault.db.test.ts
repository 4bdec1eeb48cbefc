import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFunes, type Funes, isFunesError } from '../src/index.js'
import { type PrivateServer, startPrivateServer } from './private-server.js'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.js'
import { random, randomVector } from './vectors.js'

/** So many writes, and as many searches. */
const WRITES = Number(process.env.FUNES_TEST_FAULT_WRITES ?? 300)
const CLIENTS = 16
const KILL_EVERY_MS = 60
/** From the server's return to the end of the first write that was begun, and kept, after it. */
const RECOVERY_MS = 2_000

const next = random(10)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Write {
  readonly content: string
  /** How many memories of that content it makes. */
  readonly rows: number
  /** Whether the caller may give it again until it is acknowledged. */
  readonly isRepeatable: boolean
  store(funes: Funes): Promise<unknown>
}

/** The ways of writing, one after another; `n` is the write's own number. */
function writeOf(n: number): Write {
  const content = `write ${n}`
  const userId = `user ${n % 7}`
  const memory = { userId, content, embedding: randomVector(next) }
  const key = () => ({ ...memory, idempotencyKey: randomUUID() })
  const [a, b] = [key(), key()]
  switch (n % 4) {
    case 0:
      return { content, rows: 1, isRepeatable: false, store: (funes) => funes.memories.add(memory) }
    case 1:
      return { content, rows: 1, isRepeatable: true, store: (funes) => funes.memories.add(a) }
    case 2:
      return {
        content,
        rows: 2,
        isRepeatable: false,
        store: (funes) => funes.memories.addMany([memory, memory]),
      }
    default:
      return {
        content,
        rows: 2,
        isRepeatable: true,
        store: (funes) =>
          funes.transaction(async (tx) => {
            await tx.memories.add(a)
            await tx.memories.add(b)
          }),
      }
  }
}

/** Terminates backends at random until it is stopped. */
function startKilling(url: string) {
  let isStopped = false
  let killed = 0
  const running = (async () => {
    while (!isStopped) {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 500 })
      client.on('error', () => {})
      try {
        await client.connect()
        while (!isStopped) {
          const { rowCount } = await client.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'funes' order by random() limit 2",
          )
          killed += rowCount ?? 0
          await sleep(KILL_EVERY_MS * (0.5 + Math.random()))
        }
      } catch {
        await sleep(20)
      } finally {
        await client.end().catch(() => {})
      }
    }
  })()
  return {
    async stop() {
      isStopped = true
      await running
      return killed
    },
  }
}

/** Until the server answers again. */
async function untilBack(url: string): Promise<number> {
  while (true) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 500 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('select 1')
      return performance.now()
    } catch {
      await sleep(10)
    } finally {
      await client.end().catch(() => {})
    }
  }
}

describe.skipIf(!process.env.FUNES_TEST_DATABASE_URL)('a server that fails in every way', () => {
  let server: PrivateServer | string
  let proxy: TcpProxy
  let clients: Funes[] = []

  beforeAll(async () => {
    server = await startPrivateServer()
    if (typeof server === 'string') return
    const { url } = server
    proxy = await createTcpProxy(url)
    const limits = { maxConnections: 6 }
    clients = await Promise.all([
      createFunes({ url, limits }),
      // Without names, so that the proxy can read what is asked.
      createFunes({ url: proxy.url, limits, preparedStatements: false }),
    ])
    await clients[0]?.migrate()
  })
  afterAll(async () => {
    await Promise.all(clients.map((funes) => funes.close({ deadlineMs: 1_000 })))
    await proxy?.close()
    if (typeof server === 'object') await server.remove()
  })

  it('loses no acknowledged write and doubles none', { timeout: 600_000 }, async (context) => {
    if (typeof server === 'string') return context.skip(`no server that may be restarted: ${server}`)
    const { url } = server
    const acknowledged = new Set<number>()
    const failed = new Map<number, unknown>()
    const untyped: unknown[] = []
    const lastAt = new Set<number>()
    let written = 0
    let searched = 0
    let searchErrors = 0
    let acks: { begunAt: number; endedAt: number }[] = []

    const note = (error: unknown) => {
      if (!isFunesError(error)) untyped.push(error)
    }
    async function write(n: number, funes: Funes): Promise<void> {
      const { isRepeatable, store } = writeOf(n)
      while (true) {
        const begunAt = performance.now()
        try {
          await store(funes)
          acknowledged.add(n)
          acks.push({ begunAt, endedAt: performance.now() })
          return
        } catch (error) {
          note(error)
          failed.set(n, error)
          await sleep(20)
          if (!isRepeatable) return
        }
      }
    }
    async function client(i: number): Promise<void> {
      const funes = clients[i % clients.length] as Funes
      while (written < WRITES || searched < WRITES) {
        if (written < WRITES) await write(written++, funes)
        if (searched < WRITES) {
          searched += 1
          await funes.memories
            .search({ userId: `user ${i % 7}`, embedding: randomVector(next) })
            .catch((error: unknown) => {
              note(error)
              searchErrors += 1
              return sleep(20)
            })
        }
      }
      lastAt.add(i)
    }

    // Of what is sent with a COMMIT or an insert, some is never heard of by the server, and some never answered.
    proxy.cutWhen((sent) => {
      const chance = sent.includes('COMMIT') ? 0.2 : sent.includes('insert into memories') ? 0.1 : 0
      return Math.random() < chance ? (Math.random() < 0.5 ? 'before' : 'after') : undefined
    })
    const killing = startKilling(url)
    const startedAt = performance.now()
    const working = Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(i)))
    const recoveries: number[] = []
    for (const [share, how] of [
      [1 / 3, 'fast'],
      [2 / 3, 'immediate'],
    ] as const) {
      while (written < WRITES * share) await sleep(5)
      await server.stop(how)
      acks = []
      const [backAt] = await Promise.all([untilBack(url), server.start()])
      // What was begun before may have been kept before, and only its answer have come late.
      const first = () => acks.find(({ begunAt }) => begunAt >= backAt)
      while (first() === undefined && performance.now() < backAt + 10 * RECOVERY_MS) await sleep(5)
      recoveries.push((first()?.endedAt ?? Number.POSITIVE_INFINITY) - backAt)
    }
    await working
    const elapsed = performance.now() - startedAt
    const killed = await killing.stop()
    const cuts = proxy.cuts
    proxy.cutWhen(() => undefined)

    const [first] = clients as [Funes]
    const rows = await first.prisma.memory.groupBy({ by: ['content'], _count: { _all: true } })
    const stored = new Map(rows.map((row) => [row.content, row._count._all]))
    const all = Array.from({ length: WRITES }, (_, n) => ({ n, ...writeOf(n) }))
    const countOf = ({ content }: { content: string }) => stored.get(content) ?? 0
    const lost = all.filter((w) => acknowledged.has(w.n) && countOf(w) < w.rows)
    const doubled = all.filter((w) => countOf(w) > w.rows)
    const halves = all.filter((w) => ![0, w.rows].includes(countOf(w)))
    const vectors = await first.prisma.$queryRaw<{ n: number }[]>`
      select count(*)::int as n from memories m
      where not exists (select from memory_embeddings e where e.user_id = m.user_id and e.memory_id = m.id)`

    if (process.env.FUNES_TEST_FAULT_WRITES !== undefined) {
      console.log(
        `${WRITES} writes (${acknowledged.size} acknowledged, ${failed.size} failed at least once), ${searched} searches (${searchErrors} failed), ` +
          `${killed} backends terminated, ${cuts} connections cut, recovered in ${recoveries.map(Math.round).join(' and ')} ms, ${Math.round(elapsed)} ms in all`,
      )
    }
    expect(lastAt.size).toBe(CLIENTS)
    expect(untyped).toEqual([])
    expect({ lost, doubled, halves }).toEqual({ lost: [], doubled: [], halves: [] })
    expect(vectors).toEqual([{ n: 0 }])
    expect(all.filter((w) => w.isRepeatable && !acknowledged.has(w.n))).toEqual([])
    expect(Math.min(killed, cuts)).toBeGreaterThan(0)
    expect(Math.max(...recoveries)).toBeLessThan(RECOVERY_MS)
    for (const funes of clients) expect(funes.pool).toMatchObject({ active: 0, waiting: 0, holders: [] })
  })
})
