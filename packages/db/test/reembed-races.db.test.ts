import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createFunes, type Embedder, type Funes, isFunesError, type Memory } from '../src/index.js'
import { describeOnServer, emptyDatabase, onEveryEngine } from './engines.js'
import { textEmbedder } from './text-embedder.js'
import { faultsOf } from './whole-model.js'

const OPERATIONS = ['add', 'change', 'expire', 'delete', 'restore'] as const

interface Write {
  operation: (typeof OPERATIONS)[number]
  /** Which memory, of those there are. */
  at: number
  /** Whether a process does it that has the new embedder too. */
  knowsBoth: boolean
}

const writes = fc.array(
  fc.record<Write>({
    operation: fc.constantFrom(...OPERATIONS),
    at: fc.nat({ max: 1000 }),
    knowsBoth: fc.boolean(),
  }),
  { maxLength: 6 },
)

onEveryEngine('re-embedding while others write', (db) => {
  it('loses, doubles and confuses nothing, whatever is written between reading a text and storing its vector', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(writes, { maxLength: 6 }),
        fc.integer({ min: 1, max: 7 }),
        async (rounds, batchSize) => {
          const userId = `u${run++}`
          const [old, next] = [textEmbedder(`${userId}-old`), textEmbedder(`${userId}-new`, 24)]
          const single = await db().open({ embedder: old })
          const both = await db().open({ embedder: old, embedders: [next] })
          for (const e of [old, next])
            await single.models.register({ name: e.model, dimensions: e.dimensions, indexKind: 'none' })
          const contents = Array.from({ length: 12 }, (_, i) => ({ userId, content: `${userId} ${i}` }))
          await single.memories.addMany(contents)
          let texts = 0
          const all = async () =>
            (await single.memories.list({ userId, limit: 100, includeDeleted: true })).items

          async function write(funes: Funes, { operation, at }: Write, there: readonly Memory[]) {
            const { id, deletedAt } = there[at % there.length] as Memory
            const content = `${userId} text ${texts++}`
            if (operation === 'add') await funes.memories.add({ userId, content })
            else if (operation === 'restore') {
              if (deletedAt !== null) await funes.memories.restore({ userId, id })
            } else if (deletedAt !== null) return
            else if (operation === 'delete') await funes.memories.delete({ userId, id })
            else if (operation === 'change') await funes.memories.update({ userId, id, content })
            else await funes.memories.update({ userId, id, expiresAt: new Date(Date.now() + 1e6 + texts) })
          }

          let call = 0
          let phase = 'embedding'
          const embed: Embedder['embed'] = async (batch) => {
            // While it switches nobody may write: a write would wait for this very call.
            const now = phase === 'embedding' ? (rounds[call++] ?? []) : []
            for (const one of now) await write(one.knowsBoth ? both : single, one, await all())
            return next.embed(batch)
          }
          const running = await db().open({ embedder: old })
          await running.models.reembed({
            to: next.model,
            embed,
            batchSize,
            onProgress: (progress) => {
              phase = progress.phase
            },
          })
          expect(await faultsOf(db().pool, next, [userId])).toEqual([])
          expect((await running.models.get(old.model))?.replacedBy).toBe(next.model)
          await Promise.all([single, both, running].map((funes) => funes.close()))
        },
      ),
      { numRuns: 12 },
    )
  })
})

describeOnServer('on a server, around the switch', () => {
  async function prepared() {
    const database = await emptyDatabase('server')
    const [old, next] = [textEmbedder('old'), textEmbedder('new', 24)]
    const open = () => createFunes({ pool: database.pool, embedder: old, embedders: [next] })
    const funes = await open()
    await funes.migrate()
    // Without an index: building one waits for transactions that are open.
    await funes.models.register({ name: next.model, dimensions: next.dimensions, indexKind: 'none' })
    await funes.memories.addMany(Array.from({ length: 20 }, (_, i) => ({ userId: 'u', content: `m${i}` })))
    return { ...database, funes, open, old, next }
  }

  it('waits for a transaction that adds under the old model, and takes what it added along', async () => {
    const { pool, drop, funes, open, next } = await prepared()
    const other = await open()
    let added: () => void = () => {}
    const hasAdded = new Promise<void>((resolve) => {
      added = resolve
    })
    let switching = false
    const adding = other.transaction(async (tx) => {
      await tx.memories.add({ userId: 'u', content: 'late' })
      added()
      while (!switching) await new Promise((resolve) => setTimeout(resolve, 20))
      await new Promise((resolve) => setTimeout(resolve, 700))
    })
    await hasAdded
    await funes.models.reembed({
      to: next.model,
      onProgress: ({ phase }) => {
        switching ||= phase === 'switching'
      },
    })
    await adding
    expect(await faultsOf(pool, next)).toEqual([])
    await drop()
  })

  it('forgets no tool that somebody holds at that moment, and no memory that was deleted and is held', async () => {
    const { pool, drop, funes, next } = await prepared()
    await funes.tools.register({
      name: 'clock',
      description: 'tells the time',
      parameters: { type: 'object', properties: {} },
    })
    const other = await pool.connect()
    let switched = 0
    await funes.models.reembed({
      to: next.model,
      onProgress: async ({ phase }) => {
        if (phase === 'indexing') {
          // Out of step with its vector, which is made already, and held for longer than the first try to switch lasts.
          await pool.query(
            `alter table memories disable trigger user; update memories set deleted_at = now() where content = 'm7'`,
          )
          await pool.query(
            `delete from tool_embeddings where model_id = (select max(id) from embedding_models)`,
          )
          await other.query(
            `begin; select from tools for update; select from memories where content = 'm7' for update`,
          )
        }
        if (phase === 'switching' && ++switched === 2) await other.query('rollback')
      },
    })
    expect(switched).toBeGreaterThan(1)
    expect(await faultsOf(pool, next)).toEqual([])
    expect(await funes.tools.select({ text: 'clock: tells the time', mode: 'vector' })).toHaveLength(1)
    other.release()
    await drop()
  })

  it('tells a transaction whose view is older than the switch to run again, and stores nothing of it', async () => {
    const { pool, drop, funes, open, next } = await prepared()
    const other = await open()
    let attempts = 0
    const add = () =>
      other.transaction(
        async (tx) => {
          await tx.memories.count({ userId: 'u' })
          if (attempts++ === 0) await funes.models.reembed({ to: next.model })
          await tx.memories.add({ userId: 'u', content: 'from an older view' })
        },
        { isolationLevel: 'RepeatableRead', retry: false },
      )
    await expect(add()).rejects.toSatisfy((e) => isFunesError(e, 'DB.CONFLICT', 'MODEL.REPLACED'))
    expect(await funes.memories.count({ userId: 'u' })).toBe(20)
    await add()
    expect(await faultsOf(pool, next)).toEqual([])
    expect(await funes.memories.count({ userId: 'u' })).toBe(21)
    await drop()
  })

  it('is seen by all but a transaction whose view is older', async () => {
    const { drop, funes, open, next } = await prepared()
    const other = await open()
    await other.transaction(
      async (tx) => {
        await tx.memories.count({ userId: 'u' })
        await funes.models.reembed({ to: next.model })
        await new Promise((resolve) => setTimeout(resolve, 600))
        // Its own search goes by what it sees, and tells nobody.
        expect(await tx.memories.search({ userId: 'u', text: 'm1', mode: 'vector' })).not.toEqual([])
      },
      { isolationLevel: 'RepeatableRead' },
    )
    await funes.memories.add({ userId: 'u', content: 'after' })
    const [hit] = await other.memories.search({ userId: 'u', text: 'after', mode: 'vector' })
    expect(hit?.memory.content).toBe('after')
    await drop()
  })

  it('adds that meet the switch all land under the new model', async () => {
    const { pool, drop, funes, open, next } = await prepared()
    const others = await Promise.all(Array.from({ length: 4 }, open))
    let running = true
    const errors: unknown[] = []
    const adding = others.map(async (other, n) => {
      for (let i = 0; running; i++) {
        await other.memories.add({ userId: `w${n}`, content: `w${n} ${i}` }).catch((e) => errors.push(e))
      }
    })
    for (const to of ['new', 'old', 'new']) {
      await funes.models.reembed({ to })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    running = false
    await Promise.all(adding)
    expect(errors).toEqual([])
    expect(await faultsOf(pool, next)).toEqual([])
    await drop()
  })
})
