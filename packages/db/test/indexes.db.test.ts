import { beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes, isFunesError } from '../src/index.js'
import { describeOnServer, emptyDatabase, onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const next = random(5)

async function fill(funes: Funes, rows: number, dimensions: number) {
  await funes.memories.addMany(
    Array.from({ length: rows }, (_, i) => ({
      userId: `u${i % 3}`,
      content: `m${i}`,
      embedding: randomVector(next, dimensions),
    })),
    { batchSize: 1000 },
  )
}

onEveryEngine('indexes', (db) => {
  let funes: Funes
  beforeAll(async () => {
    funes = await db().open({ model: 'm' })
    await funes.models.register({ name: 'm', dimensions: 8, buildIndex: false })
    await fill(funes, 4500, 8)
    await db().pool.query('analyze')
  })

  it('are built after a bulk load, found to be used, rebuilt and dropped', async () => {
    expect(await funes.indexes.check('m')).toMatchObject([{ built: false, used: null }])
    expect((await funes.indexes.check('m'))[0]?.problem).toContain('not built')
    expect(await funes.indexes.build('m')).toBe(true)
    expect(await funes.indexes.check('m')).toMatchObject([
      { built: true, valid: true, used: true, problem: null },
    ])
    const [before] = (await funes.indexes.list()).filter(({ model }) => model === 'm')
    expect(before).toMatchObject({ valid: true })
    expect(before?.bytes).toBeGreaterThan(8192)
    await funes.indexes.rebuild('m')
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true, used: true, leftovers: false }])
    expect(await funes.indexes.drop('m')).toBe(true)
    expect(await funes.indexes.drop('m')).toBe(false)
    expect((await funes.indexes.list()).some(({ model }) => model === 'm')).toBe(false)
    await funes.indexes.rebuild('m')
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true, used: true }])
  })

  it('are told apart by model, all of them checked at once', async () => {
    await funes.models.register({ name: 'plain', dimensions: 8, indexKind: 'none' })
    const names = (await funes.indexes.check()).map(({ model }) => model)
    expect(names).toEqual(expect.arrayContaining(['default', 'm']))
    expect(names).not.toContain('plain')
    await expect(funes.indexes.check('nowhere')).rejects.toSatisfy((e) => isFunesError(e, 'MODEL.NOT_FOUND'))
    await expect(funes.indexes.rebuild('plain')).rejects.toSatisfy((e) =>
      isFunesError(e, 'MODEL.INDEX_UNSUPPORTED'),
    )
    expect(await funes.indexes.build('plain')).toBe(false)
  })

  it('that the planner would not take are named', async () => {
    const { pool } = db()
    const { id } = (await funes.models.get('m')) as { id: number }
    await funes.indexes.drop('m')
    // One of the name that serves other distances than the model's.
    await pool.query(
      `create index memory_embeddings_hnsw_m${id} on memory_embeddings using hnsw ((embedding::vector(8)) vector_l1_ops)
       where model_id = ${id} and active`,
    )
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true, used: false }])
    await funes.indexes.drop('m')
    await funes.indexes.build('m')
  })
})

describeOnServer('building an index on a server', () => {
  async function prepared() {
    const { pool, drop } = await emptyDatabase('server')
    const funes = await createFunes({ pool, model: 'm' })
    await funes.migrate()
    const { id } = await funes.models.register({ name: 'm', dimensions: 8, buildIndex: false })
    await fill(funes, 300, 8)
    // A build waits for a transaction that is open: it can be met in the middle, however quick it is.
    const other = await pool.connect()
    const open = () =>
      other.query(
        'begin; update users set metadata = metadata; insert into users (id) values (gen_random_uuid()); lock table memory_embeddings in row exclusive mode',
      )
    const close = () => other.query('rollback')
    return {
      funes,
      pool,
      open,
      close,
      index: `memory_embeddings_hnsw_m${id}`,
      drop: async () => {
        other.release()
        await drop()
      },
    }
  }

  it('tells how far it is, and does not hold writers up', async () => {
    const { funes, open, close, drop } = await prepared()
    await open()
    const phases = new Set<string>()
    const building = funes.indexes.build('m', { onProgress: ({ phase }) => phases.add(phase) })
    while (phases.size === 0) await new Promise((resolve) => setTimeout(resolve, 50))
    const start = performance.now()
    await funes.memories.add({ userId: 'u', content: 'meanwhile', embedding: randomVector(next, 8) })
    expect(performance.now() - start).toBeLessThan(5000)
    await close()
    expect(await building).toBe(true)
    expect([...phases].join()).toMatch(/waiting for writers/)
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true }])
    await drop()
  })

  it('stops when told to, and leaves nothing', async () => {
    const { funes, open, close, drop } = await prepared()
    await open()
    const stop = new AbortController()
    const building = funes.indexes.build('m', {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    })
    const stopped = expect(building).rejects.toMatchObject({
      code: 'CALL.ABORTED',
      cause: { message: 'enough' },
    })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await close()
    await stopped
    expect((await funes.indexes.list()).some(({ model }) => model === 'm')).toBe(false)
    expect(await funes.indexes.build('m')).toBe(true)
    await drop()
  })

  it('ends with what its listener throws, and leaves what the next one removes', async () => {
    const { funes, open, close, drop } = await prepared()
    await open()
    const onProgress = () => {
      throw new Error('no screen')
    }
    const start = performance.now()
    await expect(funes.indexes.build('m', { onProgress })).rejects.toThrow('no screen')
    expect(performance.now() - start).toBeLessThan(20_000)
    await close()
    expect(await funes.indexes.build('m')).toBe(true)
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true, leftovers: false, problem: null }])
    await drop()
  })

  it('removes what a build and a rebuild left whose connections were lost', async () => {
    const { funes, pool, open, close, index, drop } = await prepared()
    const lose = async (running: Promise<unknown>) => {
      const failed = expect(running).rejects.toBeDefined()
      let lost = 0
      while (lost === 0) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        const { rowCount } = await pool.query(
          `select pg_terminate_backend(pid) from pg_stat_progress_create_index
           where phase like 'waiting%' and datname = current_database()`,
        )
        lost = rowCount ?? 0
      }
      await failed
      await close()
    }
    await open()
    await lose(funes.indexes.build('m'))
    expect(await funes.indexes.check('m')).toMatchObject([{ built: true, valid: false }])
    expect((await funes.health()).findings.map(({ code }) => code)).toContain('HEALTH.INDEX_INVALID')
    expect(await funes.indexes.build('m')).toBe(true)
    await open()
    await lose(funes.indexes.rebuild('m'))
    const [check] = await funes.indexes.check('m')
    expect(check).toMatchObject({ valid: true, leftovers: true })
    expect((await funes.indexes.list()).some(({ name }) => name.startsWith(`${index}_ccnew`))).toBe(true)
    expect(await funes.indexes.build('m')).toBe(false)
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true, leftovers: false, problem: null }])
    await drop()
  })

  it('is done once when several ask for it at once', async () => {
    const { funes, drop } = await prepared()
    const built = await Promise.all(Array.from({ length: 3 }, () => funes.indexes.build('m')))
    expect(built.filter(Boolean)).toHaveLength(1)
    await drop()
  })
})
