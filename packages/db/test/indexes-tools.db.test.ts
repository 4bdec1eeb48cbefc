import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'
import { createEngine } from '../src/engine/engine.js'
import { createFunes, type Funes } from '../src/index.js'
import { whileNobodyBuilds } from '../src/indexes/build-lock.js'
import { describeOnServer, emptyDatabase, onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const next = random(11)

async function registerTools(funes: Funes, count: number) {
  await funes.tools.registerMany(
    Array.from({ length: count }, (_, i) => ({
      name: `tool-${i}`,
      description: `does ${i}`,
      parameters: { type: 'object', properties: {} },
      embedding: randomVector(next, 8),
    })),
  )
}

onEveryEngine('the index of tools', (db) => {
  let funes: Funes
  let name: string
  const fileOf = async () =>
    (await db().pool.query('select relfilenode as file from pg_class where relname = $1', [name])).rows[0]
      ?.file

  beforeAll(async () => {
    funes = await db().open({ model: 'm' })
    const { id } = await funes.models.register({ name: 'm', dimensions: 8 })
    name = `tool_embeddings_hnsw_m${id}`
    await registerTools(funes, 20)
  })

  it('is listed and checked beside that of memories', async () => {
    const listed = (await funes.indexes.list()).filter(({ model }) => model === 'm')
    expect(listed.map(({ over, valid }) => ({ over, valid }))).toEqual([
      { over: 'memories', valid: true },
      { over: 'tools', valid: true },
    ])
    expect(await funes.indexes.check('m')).toMatchObject([
      { built: true, tools: { name, built: true, valid: true, used: null, leftovers: false }, problem: null },
    ])
  })

  it('is built where it is missing, rebuilt and dropped with that of memories', async () => {
    await db().pool.query(`drop index ${name}`)
    const [missing] = await funes.indexes.check('m')
    expect(missing).toMatchObject({ built: true, tools: { built: false, valid: false } })
    expect(missing?.problem).toContain('The index of its tools is not built')
    const { findings } = await funes.health()
    expect(findings.filter(({ code }) => code.startsWith('HEALTH.INDEX'))).toMatchObject([
      { code: 'HEALTH.INDEX_MISSING', message: expect.stringContaining('tools') },
    ])
    expect(await funes.indexes.build('m')).toBe(true)
    expect(await funes.indexes.build('m')).toBe(false)
    const before = await fileOf()
    await funes.indexes.rebuild('m')
    expect(await fileOf()).not.toBe(before)
    expect(await funes.indexes.check('m')).toMatchObject([{ tools: { valid: true }, problem: null }])
    await funes.indexes.drop('m')
    expect(await fileOf()).toBeUndefined()
    await funes.models.register({ name: 'm', dimensions: 8 })
    expect(await funes.indexes.check('m')).toMatchObject([{ tools: { valid: true }, problem: null }])
  })

  it('is taken by the planner once tools are too many to compare all', async () => {
    const { id } = (await funes.models.get('m')) as { id: number }
    await funes.indexes.drop('m')
    await db().pool.query(
      `insert into tools (name, description) select 'many-' || i, 'many' from generate_series(1, $1) i`,
      [db().engine === 'server' ? 4100 : 2600],
    )
    await db().pool.query(
      `insert into tool_embeddings (tool_id, model_id, dimensions, embedding)
       select t.id, $1, 8, array_agg(random() order by i)::real[]::vector
       from tools t cross join generate_series(1, 8) i where name like 'many-%' group by t.id`,
      [id],
    )
    await funes.indexes.build('m')
    await db().pool.query('analyze')
    expect(await funes.indexes.check('m')).toMatchObject([{ tools: { used: true }, problem: null }])
  })
})

describeOnServer('the index of tools on a server', () => {
  let database: Awaited<ReturnType<typeof emptyDatabase>>
  let funes: Funes
  let name: string
  let other: pg.PoolClient

  beforeAll(async () => {
    database = await emptyDatabase('server')
    funes = await createFunes({ pool: database.pool, model: 'm' })
    await funes.migrate()
    const { id } = await funes.models.register({ name: 'm', dimensions: 8 })
    name = `tool_embeddings_hnsw_m${id}`
    await registerTools(funes, 20)
    other = await database.pool.connect()
  })
  afterAll(async () => {
    other?.release()
    await funes?.close()
    await database?.drop()
  })

  /** A transaction that has written vectors of tools, and does not end. */
  const hold = () =>
    other.query('begin; lock table tool_embeddings in row exclusive mode; select txid_current()')
  const letGo = () => other.query('rollback')

  /** How long the slowest of reading and writing tools takes while `work` goes on. */
  async function slowest(work: Promise<unknown>): Promise<number> {
    let running = true
    const ended = work.finally(() => {
      running = false
    })
    ended.catch(() => {})
    let most = 0
    for (let i = 0; running && i < 8; i++) {
      const start = performance.now()
      await funes.tools.register({
        name: 'meanwhile',
        description: `does ${i}`,
        parameters: { type: 'object', properties: {} },
        embedding: randomVector(next, 8),
      })
      expect(await funes.tools.select({ embedding: randomVector(next, 8), k: 3 })).toHaveLength(3)
      most = Math.max(most, performance.now() - start)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await letGo()
    await ended
    return most
  }

  it('is built, rebuilt and dropped behind a long transaction while others read and write', async () => {
    await database.pool.query(`drop index ${name}`)
    for (const work of [
      () => funes.indexes.build('m'),
      () => funes.indexes.rebuild('m'),
      () => funes.indexes.drop('m'),
    ]) {
      await hold()
      expect(await slowest(work())).toBeLessThan(3000)
    }
    await funes.indexes.build('m')
    expect(await funes.indexes.check('m')).toMatchObject([{ problem: null }])
  })

  it('of a new model holds others up for a second at the most', async () => {
    await hold()
    const registering = funes.models.register({ name: 'another', dimensions: 8 })
    expect(await slowest(registering)).toBeLessThan(4000)
    expect(await funes.indexes.check('another')).toMatchObject([{ problem: null }])
  })

  it('that an interrupted rebuild left is found and removed', async () => {
    await hold()
    const rebuilding = expect(funes.indexes.rebuild('m')).rejects.toBeDefined()
    let lost = 0
    while (lost === 0) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      const { rowCount } = await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_progress_create_index
         where relid = 'tool_embeddings'::regclass and phase like 'waiting%' and datname = current_database()`,
      )
      lost = rowCount ?? 0
    }
    await rebuilding
    await letGo()
    const [left] = await funes.indexes.check('m')
    expect(left).toMatchObject({ leftovers: false, tools: { valid: true, leftovers: true } })
    expect(left?.problem).toContain('beside the index of its tools')
    expect((await funes.indexes.list()).some((index) => index.name.startsWith(`${name}_cc`))).toBe(true)
    expect(await funes.indexes.build('m')).toBe(false)
    expect(await funes.indexes.check('m')).toMatchObject([{ tools: { leftovers: false }, problem: null }])
  })

  it('waits for another build, but not for one whose session has lost sight of the lock', async () => {
    const { id } = (await funes.models.get('m')) as { id: number }
    await other.query('select pg_advisory_lock($1, $2)', [0x66_75_6e_65, id])
    const waiting = funes.indexes.build('m')
    await new Promise((resolve) => setTimeout(resolve, 600))
    const engine = await createEngine(readConfig({ pool: database.pool }))
    const [backend] = (await other.query('select pg_backend_pid() as pid')).rows
    await expect(whileNobodyBuilds(engine, id, undefined, async () => {}, 300)).rejects.toMatchObject({
      code: 'DB.LOCK_TIMEOUT',
      meta: { pid: backend.pid },
    })
    await engine.close()
    await other.query('select pg_advisory_unlock($1, $2)', [0x66_75_6e_65, id])
    expect(await waiting).toBe(false)
  })
})
