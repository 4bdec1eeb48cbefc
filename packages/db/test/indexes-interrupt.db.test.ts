import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes } from '../src/index.js'
import { describeOnServer, emptyDatabase } from './engines.js'
import { random, randomVector } from './vectors.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
// In the package, where its dependencies are found.
const program = at(`../node_modules/.indexes-interrupt-child-${process.pid}.mjs`)

describeOnServer('an index build that is interrupted', () => {
  let database: Awaited<ReturnType<typeof emptyDatabase>>
  let funes: Funes
  let other: pg.PoolClient

  beforeAll(async () => {
    await build({
      entryPoints: [at('indexes-interrupt-child.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'error',
    })
    database = await emptyDatabase('server')
    funes = await createFunes({ pool: database.pool, model: 'm' })
    await funes.migrate()
    await funes.models.register({ name: 'm', dimensions: 8, buildIndex: false })
    const next = random(3)
    await funes.memories.addMany(
      Array.from({ length: 300 }, (_, i) => ({
        userId: 'u',
        content: `m${i}`,
        embedding: randomVector(next, 8),
      })),
    )
    other = await database.pool.connect()
  })
  afterAll(async () => {
    other?.release()
    rmSync(program, { force: true })
    await funes?.close()
    await database?.drop()
  })

  /** A build waits for a transaction that has written: it can be met in the middle, however quick it is. */
  const hold = () =>
    other.query('begin; lock table memory_embeddings in row exclusive mode; select txid_current()')
  const letGo = () => other.query('rollback')

  it('by a kill of its process goes on in the server or leaves what the next one removes', async () => {
    await hold()
    const child = spawn(process.execPath, [program, database.url as string], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    const building = funes.indexes.build('m')
    await funes.memories.add({ userId: 'u', content: 'meanwhile', embedding: new Float32Array(8).fill(1) })
    await letGo()
    await building
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true, leftovers: false, problem: null }])
  })

  it('by its signal ends soon, even while the transaction that it waits for goes on', async () => {
    await funes.indexes.drop('m')
    await hold()
    const stop = new AbortController()
    const building = funes.indexes.build('m', {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    })
    const start = performance.now()
    await expect(building).rejects.toSatisfy((error: Error) => /enough|called off/.test(error.message))
    expect(performance.now() - start).toBeLessThan(20_000)
    await funes.memories.add({ userId: 'u', content: 'after', embedding: new Float32Array(8).fill(1) })
    await letGo()
    await funes.indexes.build('m')
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true, leftovers: false, problem: null }])
  })

  it('can be interrupted while every connection of the pool is in use', async () => {
    await hold()
    const small = await createFunes({
      url: database.url as string,
      model: 'm',
      limits: { maxConnections: 1 },
    })
    const stop = new AbortController()
    const building = small.indexes.rebuild('m', { signal: stop.signal })
    const stopped = expect(building).rejects.toBeDefined()
    await new Promise((resolve) => setTimeout(resolve, 700))
    const start = performance.now()
    stop.abort(new Error('enough'))
    await stopped
    expect(performance.now() - start).toBeLessThan(20_000)
    await small.close()
    await letGo()
    await funes.indexes.build('m')
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true, leftovers: false, problem: null }])
  })
})
