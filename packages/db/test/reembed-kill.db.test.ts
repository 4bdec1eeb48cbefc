import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFunes } from '../src/index.js'
import { emptyServerDatabase, engines } from './engines.js'
import { textEmbedder } from './text-embedder.js'
import { faultsOf } from './whole-model.js'

/** 10,000 is what it is meant for; fewer keep the suite short. */
const ROWS = Number(process.env.FUNES_TEST_REEMBED_ROWS ?? 500)
const TIMEOUT_MS = 120_000 + 60 * ROWS

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
// In the package, where its dependencies are found.
const program = at(`../node_modules/.reembed-child-${process.pid}.mjs`)

interface Line {
  done?: number
  total?: number
  phase?: string
  embedded?: number
  searches?: number
  errors?: string[]
}

/** Runs the child until it ends, or until `killIf` says that this is the moment. */
function run(args: readonly string[], killIf: (line: Line) => boolean = () => false) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let last: Line = {}
  let killed = false
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (killed) return
    last = JSON.parse(text)
    if (killIf(last)) killed = child.kill('SIGKILL')
  })
  return new Promise<{ last: Line; killed: boolean }>((resolve) => {
    child.once('close', () => resolve({ last, killed }))
  })
}

/** Kills it half the way through the vectors, while it builds the index, and while it switches; then lets it end. */
async function killThreeTimes(args: readonly string[]): Promise<Line> {
  const moments = [
    ({ done = 0, total = 1 }: Line) => done >= total / 2,
    ({ phase }: Line) => phase === 'indexing',
    ({ phase }: Line) => phase === 'switching',
  ]
  for (const moment of moments) {
    const { killed } = await run(args, moment)
    expect(killed).toBe(true)
  }
  return (await run(args)).last
}

beforeAll(async () => {
  await build({
    entryPoints: [at('reembed-child.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    alias: { '@funes/embedded': at('../../embedded/src/index.ts') },
    logLevel: 'error',
  })
})
afterAll(() => rmSync(program, { force: true }))

const [old, next] = [textEmbedder('old', 64), textEmbedder('new', 64)]

describe('a re-embedding that is killed three times', () => {
  it(
    'loses and doubles nothing, and is searched all the while (embedded)',
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'funes-reembed-'))
      await run(['dataDir', join(dir, 'db'), String(ROWS)])
      const end = await killThreeTimes(['dataDir', join(dir, 'db')])
      expect(end).toMatchObject({ errors: [] })
      expect(end.searches).toBeGreaterThan(0)
      const { createEmbeddedPool } = await import('@funes/embedded')
      const pool = await createEmbeddedPool({ dataDir: join(dir, 'db') })
      const funes = await createFunes({ pool, embedder: next })
      expect(await funes.memories.count({ scope: 'all-users' })).toBeGreaterThan(ROWS)
      expect(await faultsOf(pool, next)).toEqual([])
      expect(await funes.models.get(old.model)).toMatchObject({ state: 'retired', replacedBy: next.model })
      expect(await funes.indexes.check(next.model)).toMatchObject([{ built: true, valid: true }])
      await funes.close()
      await pool.end()
      rmSync(dir, { recursive: true, force: true })
    },
    TIMEOUT_MS,
  )

  it.skipIf(!engines.includes('server'))(
    'loses and doubles nothing, while other processes write and search (server)',
    async () => {
      const { url, drop } = await emptyServerDatabase()
      await run(['url', url, String(ROWS)])
      // One that knows the old embedder alone until the switch, and one that knows both.
      const [knowsOld, knowsBoth] = await Promise.all([
        createFunes({ url, embedder: old }),
        createFunes({ url, embedder: old, embedders: [next] }),
      ])
      let running = true
      const errors: string[] = []
      const added: string[] = []
      let replaced = 0
      const counts = { changed: 0, searches: 0 }
      async function beside(name: string, funes: typeof knowsOld) {
        for (let i = 0; running; i++) {
          const userId = `u${i % 10}`
          try {
            const { id } = await funes.memories.add({ userId, content: `${name} ${i}` })
            added.push(`${name} ${i}`)
            if (i % 3 === 0) {
              await funes.memories.update({ userId, id, content: `${name} ${i} changed` })
              counts.changed++
            }
            const text = `memory ${i % ROWS}`
            const [hit] = await funes.memories.search({ userId, text, mode: 'vector' })
            counts.searches++
            if (hit?.memory.content !== text) errors.push(`${name} ${i}: ${hit?.memory.content ?? 'nothing'}`)
          } catch (error) {
            if ((error as { code?: string }).code !== 'MODEL.REPLACED' || name !== 'old') throw error
            // Without the new embedder there is nothing more that it could do.
            replaced++
            return
          }
          await new Promise((resolve) => setTimeout(resolve, 2))
        }
      }
      const beside1 = beside('old', knowsOld)
      const beside2 = beside('both', knowsBoth)
      const end = await killThreeTimes(['url', url])
      expect(end.embedded).toBeLessThan(ROWS)
      await new Promise((resolve) => setTimeout(resolve, 1000))
      running = false
      await Promise.all([beside1, beside2])
      expect(errors).toEqual([])
      expect(replaced).toBe(1)
      expect(Math.min(counts.changed, counts.searches)).toBeGreaterThan(0)
      const funes = await createFunes({ url, embedder: next })
      const pool = new (await import('pg')).default.Pool({ connectionString: url })
      expect(await faultsOf(pool, next)).toEqual([])
      expect(await funes.memories.count({ scope: 'all-users' })).toBeGreaterThanOrEqual(ROWS + added.length)
      expect(await funes.indexes.check(next.model)).toMatchObject([
        { built: true, valid: true, leftovers: false },
      ])
      await Promise.all([knowsOld, knowsBoth, funes].map((f) => f.close()))
      await pool.end()
      await drop()
    },
    TIMEOUT_MS,
  )
})
