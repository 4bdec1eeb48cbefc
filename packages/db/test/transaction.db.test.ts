import { expect, it } from 'vitest'
import { createFunes, type Funes, isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const embedding = randomVector(random(1))
const memory = (userId: string, content = 'x') => ({ userId, content, embedding })

onEveryEngine('transaction', (db) => {
  it('keeps everything when the callback returns, and answers what it returned', async () => {
    const { funes } = db()
    const answer = await funes.transaction(async (tx) => {
      await tx.sessions.start({ userId: 'keep', id: 's' })
      await tx.memories.add({ ...memory('keep'), sessionId: 's' })
      return 42
    })
    expect(answer).toBe(42)
    expect(await funes.memories.count({ userId: 'keep' })).toBe(1)
  })

  it('rolls everything back when the callback throws, and passes its error on', async () => {
    const { funes } = db()
    const boom = new Error('boom')
    const failing = funes.transaction(async (tx) => {
      await tx.memories.add(memory('back'))
      await funes.memories.add(memory('back'))
      await funes.prisma.user.create({ data: { id: 'back-2' } })
      expect(await tx.memories.count({ userId: 'back' })).toBe(2)
      throw boom
    })
    await expect(failing).rejects.toBe(boom)
    expect(await funes.memories.count({ userId: 'back' })).toBe(0)
    expect(await funes.users.get('back-2')).toBeNull()
  })

  it('joins calls on funes and on prisma, and never waits for its own connection', async () => {
    const { funes } = db()
    await funes.transaction(async (tx) => {
      await Promise.all([
        tx.memories.add(memory('join')),
        funes.memories.add(memory('join')),
        funes.users.ensure({ id: 'join-2' }),
      ])
      await funes.prisma.$transaction(async (inner) => {
        expect(await inner.memory.count({ where: { userId: 'join' } })).toBe(2)
        await funes.memories.add(memory('join'))
      })
      const both = await funes.prisma.$transaction([
        funes.prisma.memory.count({ where: { userId: 'join' } }),
        funes.prisma.user.count(),
      ])
      expect(both[0]).toBe(3)
      expect(await tx.prisma.memory.count({ where: { userId: 'join' } })).toBe(3)
    })
    expect(await funes.memories.count({ userId: 'join' })).toBe(3)
  })

  it('joins funes calls to a transaction that was begun on prisma', async () => {
    const { funes } = db()
    const failing = funes.prisma.$transaction(async () => {
      await funes.memories.add(memory('prisma-first'))
      throw new Error('undo')
    })
    await expect(failing).rejects.toThrow('undo')
    expect(await funes.memories.count({ userId: 'prisma-first' })).toBe(0)
  })

  it('undoes a nested transaction that throws, and only that', async () => {
    const { funes } = db()
    await funes.transaction(async (tx) => {
      await tx.memories.add(memory('nest', 'outer'))
      const inner = tx.transaction(async (t) => {
        await t.memories.add(memory('nest', 'inner'))
        await t.memories.add({ ...memory('nest'), sessionId: 'nowhere' })
      })
      await expect(inner).rejects.toSatisfy((e) => isFunesError(e, 'SESSION.NOT_FOUND'))
      await Promise.all(
        [1, 2, 3].map((i) => funes.transaction((t) => t.memories.add(memory('nest', `sibling ${i}`)))),
      )
    })
    const contents = (await funes.memories.list({ userId: 'nest' })).items.map((m) => m.content)
    expect(contents.sort()).toEqual(['outer', 'sibling 1', 'sibling 2', 'sibling 3'])
  })

  it('never waits for itself when an outer handle is used inside', async () => {
    const { funes } = db()
    const answer = await funes.transaction((tx) =>
      tx.transaction(() =>
        tx.transaction(async () => {
          await tx.memories.add(memory('outer-handle'))
          return tx.transaction(async () => 7)
        }),
      ),
    )
    expect(answer).toBe(7)
    expect(await funes.memories.count({ userId: 'outer-handle' })).toBe(1)
  })

  it('keeps a sibling statement apart from a savepoint that is rolled back', async () => {
    const { funes } = db()
    await funes.transaction(async (tx) => {
      const results = await Promise.allSettled([
        tx.transaction(async (inner) => {
          await inner.memories.add(memory('sibling', 'undone'))
          await new Promise((resolve) => setTimeout(resolve, 30))
          throw new Error('undo')
        }),
        new Promise((resolve) => setTimeout(resolve, 10)).then(() =>
          tx.memories.add(memory('sibling', 'kept')),
        ),
      ])
      expect(results.map((r) => r.status)).toEqual(['rejected', 'fulfilled'])
    })
    expect((await funes.memories.list({ userId: 'sibling' })).items.map((m) => m.content)).toEqual(['kept'])
  })

  it('keeps apart two Funes of which one works inside the transaction of the other', async () => {
    const { funes, open, engine } = db()
    // The embedded engine has one connection, which the outer transaction holds: its other is a database of its own.
    const other = engine === 'server' ? await open() : await createFunes({ dataDir: 'memory://' })
    await other.migrate()
    const outer = (content: string) => memory('two-outer', content)
    const inner = (content: string) => memory('two-inner', content)
    const contents = async (of: Funes, userId: string) =>
      (await of.memories.list({ userId })).items.map((m) => m.content).sort()
    const failing = funes.transaction(async (tx) => {
      await funes.memories.add(outer('a'))
      await other.memories.add(inner('a'))
      await other.transaction(async (otherTx) => {
        await otherTx.memories.add(inner('b'))
        await funes.memories.add(outer('b'))
        await tx.memories.add(outer('c'))
        await funes.transaction(() => other.memories.add(inner('c')))
        expect(await contents(other, 'two-inner')).toEqual(['a', 'b', 'c'])
        expect(await contents(other, 'two-outer')).toEqual([])
      })
      const undone = other.transaction(async () => {
        await other.memories.add(inner('undone'))
        await funes.memories.add(outer('d'))
        throw new Error('undo inner')
      })
      await expect(undone).rejects.toThrow('undo inner')
      expect(await contents(funes, 'two-outer')).toEqual(['a', 'b', 'c', 'd'])
      throw new Error('undo outer')
    })
    await expect(failing).rejects.toThrow('undo outer')
    expect(await contents(other, 'two-inner')).toEqual(['a', 'b', 'c'])
    expect(await contents(funes, 'two-outer')).toEqual([])
    await other.close()
  })

  it('says that a failed statement has ended it', async () => {
    const { funes } = db()
    const failing = funes.transaction(async (tx) => {
      await tx.memories.add({ ...memory('abort'), sessionId: 'nowhere' }).catch(() => {})
      await tx.memories.add(memory('abort'))
    })
    await expect(failing).rejects.toSatisfy((e) => isFunesError(e, 'TRANSACTION.ABORTED'))
  })

  it('refuses a call that comes after its end', async () => {
    const { funes } = db()
    let leaked: (() => Promise<unknown>) | undefined
    await funes.transaction(async (tx) => {
      leaked = () => tx.memories.add(memory('late'))
    })
    await expect(leaked?.()).rejects.toSatisfy((e) => isFunesError(e, 'TRANSACTION.CLOSED'))
    expect(await funes.memories.count({ userId: 'late' })).toBe(0)
  })

  it('rolls back when it runs longer than its limit, and does not wait for what waits', async () => {
    const { funes } = db()
    const startedAt = performance.now()
    let inside: unknown
    const slow = funes.transaction(
      async (tx) => {
        await tx.memories.add(memory('slow'))
        await new Promise((resolve) => setTimeout(resolve, 4000))
        inside = await tx.memories.add(memory('slow')).catch((e: unknown) => e)
      },
      { timeoutMs: 1000 },
    )
    const meta = { phase: 'work', timeoutMs: 1000 }
    await expect(slow).rejects.toMatchObject({ code: 'TRANSACTION.TIMEOUT', meta })
    expect(performance.now() - startedAt).toBeLessThan(3500)
    expect(await funes.memories.count({ userId: 'slow' })).toBe(0)
    expect(funes.pool.holders).toEqual([])
    await expect.poll(() => inside).toMatchObject({ code: 'TRANSACTION.TIMEOUT' })
  })

  it('keeps nothing of one whose last statement ended after its limit', async () => {
    const { funes, engine } = db()
    const startedAt = performance.now()
    const late = funes.transaction(
      async (tx) => {
        await tx.memories.add(memory('late end'))
        await tx.prisma.$queryRawUnsafe(`select pg_sleep(${engine === 'server' ? 20 : 1.5})::text`)
      },
      { timeoutMs: 1000 },
    )
    await expect(late).rejects.toMatchObject({ code: 'TRANSACTION.TIMEOUT', meta: { timeoutMs: 1000 } })
    expect(performance.now() - startedAt).toBeLessThan(8000)
    expect(await funes.memories.count({ userId: 'late end' })).toBe(0)
  })

  it('is over at its limit where it waits for a lock, and its own errors come before', async () => {
    const { funes, pool, engine } = db()
    const own = funes.transaction(
      async (tx) => {
        const running = tx.prisma.$queryRawUnsafe(`select pg_sleep(${engine === 'server' ? 20 : 1.5})::text`)
        await Promise.all([running, Promise.reject(new Error('mine'))])
      },
      { timeoutMs: 1000 },
    )
    await expect(own).rejects.toThrow('mine')
    if (engine === 'embedded') return
    const blocker = await pool.connect()
    await blocker.query('begin; lock table memories')
    const startedAt = performance.now()
    const waiting = funes.transaction((tx) => tx.memories.add(memory('lock')), { timeoutMs: 500 })
    const meta = { phase: 'statement', timeoutMs: 500 }
    await expect(waiting).rejects.toMatchObject({ code: 'TRANSACTION.TIMEOUT', meta })
    expect(performance.now() - startedAt).toBeLessThan(8000)
    await blocker.query('rollback')
    blocker.release()
    expect(await funes.memories.count({ userId: 'lock' })).toBe(0)
  })

  it('runs many at once, each whole', async () => {
    const { funes } = db()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        funes.transaction(async (tx) => {
          await tx.memories.add(memory('crowd', `${i} a`))
          if (i % 2 === 1) throw new Error('odd')
          await funes.memories.add(memory('crowd', `${i} b`))
        }),
      ),
    )
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(10)
    expect(await funes.memories.count({ userId: 'crowd' })).toBe(20)
  })
})
