import pg from 'pg'
import { expect, it } from 'vitest'
import { createFunes, type Funes, isFunesError } from '../src/index.js'
import { onEveryEngine, type TestDatabase } from './engines.js'
import { random, randomVector } from './vectors.js'

const embedding = randomVector(random(6))
const memory = (userId: string, content = 'x') => ({ userId, content, embedding })
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const many = (n: number) => Array.from({ length: n }, (_, i) => memory('many', `${i}`))
const thrown = (promise: Promise<unknown>) => promise.catch((e: unknown) => e)

async function failure(promise: Promise<unknown>) {
  const startedAt = performance.now()
  const error: unknown = await promise.then(
    () => undefined,
    (e: unknown) => e,
  )
  return { error, ms: performance.now() - startedAt }
}

/** A Funes whose only connection is taken until `release` is called. */
async function taken(db: TestDatabase): Promise<{ funes: Funes; release: () => Promise<void> }> {
  const pool = db.engine === 'server' ? new pg.Pool({ connectionString: db.url as string, max: 1 }) : db.pool
  const funes = await db.open({ pool })
  let free: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    free = resolve
  })
  const transaction = funes.transaction(() => held)
  while (funes.pool.holders.length === 0) await sleep(5)
  return {
    funes,
    async release() {
      free()
      await transaction
      await funes.close()
      if (pool !== db.pool) await pool.end()
    },
  }
}

onEveryEngine('signal and timeoutMs', (db) => {
  it('refuse what is no signal and no time', async () => {
    const { funes } = db()
    const wrong = [{ signal: {} as AbortSignal }, { timeoutMs: 0 }, { timeoutMs: 1.5 }]
    for (const options of wrong) {
      await expect(funes.memories.list({ userId: 'u', ...options })).rejects.toSatisfy((e) =>
        isFunesError(e, 'INPUT.INVALID'),
      )
      await expect(funes.memories.load([], options)).rejects.toSatisfy((e) =>
        isFunesError(e, 'INPUT.INVALID'),
      )
    }
  })

  it('change nothing while nothing happens', async () => {
    const { funes } = db()
    const options = { signal: new AbortController().signal, timeoutMs: 60_000 }
    await funes.memories.add({ ...memory('calm'), ...options })
    expect(await funes.memories.search({ userId: 'calm', embedding, ...options })).toHaveLength(1)
    expect(await funes.memories.addMany([memory('calm', 'y')], options)).toMatchObject({ added: 1 })
    expect(await funes.memories.load([memory('calm', 'z')], options)).toEqual({ added: 1 })
    expect(await funes.users.get('calm', options)).toMatchObject({ id: 'calm' })
    expect(await funes.transaction((tx) => tx.memories.count({ userId: 'calm', ...options }))).toBe(3)
  })

  it('keep a call from beginning that was called off before', async () => {
    const { funes } = db()
    const reason = new Error('not needed any more')
    const signal = AbortSignal.abort(reason)
    const { error } = await failure(funes.memories.add({ ...memory('never'), signal }))
    expect(error).toMatchObject({ code: 'CALL.ABORTED', cause: reason, meta: { operation: 'memories.add' } })
    expect((error as { fix: string }).fix).not.toBe('')
    expect(await funes.memories.count({ userId: 'never' })).toBe(0)
  })

  it('end the wait for a connection at once, and leave the pool whole', async () => {
    const { funes, release } = await taken(db())
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 30)
    const aborted = failure(funes.memories.count({ userId: 'w', signal: stop.signal }))
    const late = failure(funes.transaction(() => Promise.resolve(), { signal: AbortSignal.timeout(40) }))
    const timed = failure(funes.memories.add({ ...memory('w'), timeoutMs: 50 }))
    expect(await aborted).toMatchObject({ error: { code: 'CALL.ABORTED', meta: { phase: 'connection' } } })
    expect(await late).toMatchObject({ error: { code: 'CALL.ABORTED', meta: { operation: 'transaction' } } })
    expect(await timed).toMatchObject({
      error: { code: 'CALL.TIMEOUT', meta: { phase: 'connection', timeoutMs: 50 } },
    })
    expect((await timed).ms).toBeLessThan(3000)
    expect(funes.pool.waiting).toBe(0)
    await release()
    expect(await db().funes.memories.count({ userId: 'w' })).toBe(0)
  })

  it('stop reading what is added, even in the middle of waiting for it', async () => {
    const { funes } = db()
    for (const kind of ['addMany', 'load'] as const) {
      let isReturned = false
      const endless = {
        [Symbol.asyncIterator]() {
          let n = 0
          return {
            next: () =>
              n++ < 3
                ? Promise.resolve({ done: false as const, value: memory(kind, `${n}`) })
                : new Promise<never>(() => {}),
            return: () => {
              isReturned = true
              return Promise.resolve({ done: true as const, value: undefined })
            },
          }
        },
      }
      const { error, ms } = await failure(funes.memories[kind](endless, { batchSize: 2, timeoutMs: 1500 }))
      expect(error).toMatchObject({ code: 'CALL.TIMEOUT', meta: { operation: `memories.${kind}` } })
      expect(ms).toBeLessThan(6000)
      expect(isReturned).toBe(true)
      expect(await funes.memories.count({ userId: kind })).toBe(2)
    }
  })

  it('reach every call of a transaction, and roll it back as a whole', async () => {
    const { funes } = db()
    const stop = new AbortController()
    let inner: unknown
    const { error } = await failure(
      funes.transaction(
        async (tx) => {
          await tx.memories.add(memory('rolled'))
          stop.abort()
          inner = (await failure(tx.memories.add(memory('rolled')))).error
          await new Promise(() => {})
        },
        { signal: stop.signal },
      ),
    )
    expect(error).toMatchObject({ code: 'CALL.ABORTED', meta: { operation: 'transaction' } })
    expect(inner).toMatchObject({ code: 'CALL.ABORTED' })
    expect(await funes.memories.count({ userId: 'rolled' })).toBe(0)
    expect(funes.pool.holders).toEqual([])
  })

  it('reach the embedder, which is not waited for', async () => {
    let given: AbortSignal | undefined
    const embedder = {
      model: 'default',
      dimensions: 384,
      embed: (_: readonly string[], options?: { signal?: AbortSignal }) => {
        given = options?.signal
        return new Promise<never>(() => {})
      },
    }
    const funes = await db().open({ embedder })
    const { error, ms } = await failure(funes.memories.add({ userId: 'e', content: 'x', timeoutMs: 60 }))
    expect(error).toMatchObject({ code: 'CALL.TIMEOUT' })
    expect(ms).toBeLessThan(3000)
    expect(given?.aborted).toBe(true)
    await funes.close({ deadlineMs: 0 })
  })

  it.runIf(process.env.FUNES_TEST_DATABASE_URL)(
    'cancel what runs on a server, which then has not happened',
    async () => {
      const { funes, pool, engine, url } = db()
      if (engine === 'embedded') return
      const { id } = await funes.memories.add(memory('blocked'))
      const own = await createFunes({ url: url as string, limits: { maxConnections: 1 } })
      const blocker = await pool.connect()
      await blocker.query('begin')
      await blocker.query('select * from memories where id = $1 for update', [id])
      const update = { userId: 'blocked', id, importance: 0.9 }
      const waiting =
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
      const { error, ms } = await failure(own.memories.update({ ...update, timeoutMs: 500 }))
      expect(error).toMatchObject({ code: 'CALL.TIMEOUT', meta: { phase: 'statement' } })
      // Only what adds is told of what an add can be repeated by.
      expect((error as { fix: string }).fix).not.toContain('idempotencyKey')
      expect(ms).toBeLessThan(4000)
      await expect.poll(async () => (await pool.query(waiting)).rows).toEqual([{ n: 0 }])
      const inside = await failure(
        own.transaction((tx) => tx.memories.update(update), { signal: AbortSignal.timeout(500) }),
      )
      expect(inside).toMatchObject({ error: { code: 'CALL.ABORTED', meta: { phase: 'statement' } } })
      expect(own.pool.holders).toEqual([])
      await blocker.query('rollback')
      blocker.release()
      expect((await own.memories.get({ userId: 'blocked', id }))?.version).toBe(1)
      expect(await own.memories.update(update)).toMatchObject({ version: 2 })
      await own.close()
    },
  )

  it('say so in a typed error, also where the call listens to the signal itself', async () => {
    const { funes } = db()
    const reason = new Error('enough')
    const stopping = () => {
      const stop = new AbortController()
      return { signal: stop.signal, stop: () => stop.abort(reason) }
    }
    const { signal, stop } = stopping()
    const calls: Record<string, () => Promise<unknown>> = {
      'memories.load': () => funes.memories.load(many(20), { batchSize: 5, signal, onProgress: stop }),
      'indexes.build': () => funes.indexes.build('default', { signal: AbortSignal.abort(reason) }),
      'indexes.calibrate': () => funes.indexes.calibrate({ signal: AbortSignal.abort(reason) }),
      'models.reembed': () =>
        funes.models.reembed({
          to: 'default',
          all: true,
          embed: async (texts) => texts.map(() => embedding),
          signal: AbortSignal.abort(reason),
        }),
    }
    for (const [operation, call] of Object.entries(calls)) {
      expect(await thrown(call())).toMatchObject({
        code: 'CALL.ABORTED',
        cause: reason,
        meta: { operation },
      })
    }
    const late = (async function* () {
      yield* many(1)
      await new Promise(() => {})
    })()
    expect(await thrown(funes.memories.load(late, { timeoutMs: 50 }))).toMatchObject({
      code: 'CALL.TIMEOUT',
      meta: { operation: 'memories.load', timeoutMs: 50 },
    })
  })

  it('are taken by any call, the operator’s too', async () => {
    const { funes } = db()
    const options = { signal: AbortSignal.abort(new Error('enough')) }
    const calls: (() => Promise<unknown>)[] = [
      () => funes.migrate(options),
      () => funes.health(options),
      () => funes.tools.flushUsage(options),
      () => funes.tools.sweepUsage(options),
      () => funes.tools.dropUsageBefore({ before: new Date(0), ...options }),
    ]
    for (const call of calls) expect(await thrown(call())).toMatchObject({ code: 'CALL.ABORTED' })
    expect((await funes.health({ timeoutMs: 10_000 })).ok).toBe(true)
    expect(await funes.migrate({ timeoutMs: 10_000 })).toEqual({ applied: [] })
  })

  it('are of no use after close, of which health tells', async () => {
    const closed = await db().open()
    await closed.close()
    expect((await closed.health()).findings).toMatchObject([{ code: 'CLIENT.CLOSED' }])
  })

  it.runIf(process.env.FUNES_TEST_DATABASE_URL)('end the wait for a turn', async () => {
    const { funes, pool, engine, url } = db()
    if (engine === 'embedded') return
    const { id } = (await funes.models.get('default')) as { id: number }
    const holder = await pool.connect()
    await holder.query('select pg_advisory_lock(1718972005, $1)', [id])
    const own = await createFunes({ url: url as string })
    const building = own.indexes.rebuild('default', { timeoutMs: 400 })
    expect(await thrown(building)).toMatchObject({ code: 'CALL.TIMEOUT', meta: { timeoutMs: 400 } })
    await holder.query('select pg_advisory_unlock(1718972005, $1)', [id])
    await holder.query('begin; select pg_advisory_xact_lock(72707369); delete from _prisma_migrations')
    expect(await own.migrate()).toEqual({ applied: [] })
    await holder.query('rollback')
    holder.release()
    expect(own.pool.holders).toEqual([])
    await own.close()
  })
})
