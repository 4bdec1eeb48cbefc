import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createEmbeddedPool } from '@funes/embedded'
import { build } from 'esbuild'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFunes } from '../src/index.js'
import { dump, linesOf, vector, wipe } from './archive-fixture.js'
import { emptyServerDatabase, engines } from './engines.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
// In the package, where its dependencies are found.
const program = at(`../node_modules/.archive-export-child-${process.pid}.mjs`)
const dir = mkdtempSync(join(tmpdir(), 'funes-archive-kill-'))

/** What is killed is a process and a file; that the engine is open for it is what takes time. */
const kinds = process.env.FUNES_TEST_ARCHIVE_KILL === 'all' ? engines : engines.slice(-1)

beforeAll(async () => {
  await build({
    entryPoints: [at('archive-export-child.ts')],
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
afterAll(() => {
  rmSync(program, { force: true })
  rmSync(dir, { recursive: true, force: true })
})

/** Exports, and kills it (SIGKILL) once so many records are written. */
function killAt(records: number, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  createInterface({ input: child.stdout }).on('line', (text) => {
    const { phase, done } = JSON.parse(text)
    if (phase === 'exporting' && done >= records) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.once('close', (_code, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error('it ended before it was killed')),
    )
  })
}

describe.each(kinds)('an export that is killed (%s)', (engine) => {
  it('is gone on with, killed again, and comes to an archive like any other', async () => {
    const server = engine === 'server' ? await emptyServerDatabase() : undefined
    const target = server?.url ?? join(dir, 'db')
    const connect = async () => {
      const pool = server
        ? new pg.Pool({ connectionString: target })
        : await createEmbeddedPool({ dataDir: target })
      return { pool: pool as pg.Pool, funes: await createFunes({ pool: pool as pg.Pool }) }
    }
    const first = await connect()
    await first.funes.migrate()
    for (const userId of ['ann', 'bob', 'cyd']) {
      await first.funes.memories.addMany(
        Array.from({ length: 300 }, (_, i) => ({
          userId,
          content: `${i} ${'x'.repeat(500)}`,
          embedding: vector(),
        })),
      )
    }
    await first.funes.close()
    await first.pool.end()

    const to = join(dir, `${engine}.jsonl`)
    const args = [server ? 'url' : 'dataDir', target, to]
    await killAt(800, args)
    expect([existsSync(to), existsSync(`${to}.part`)]).toEqual([false, true])
    await killAt(1300, args)
    const { funes, pool } = await connect()
    const result = await funes.archive.export({ to, resume: true, compression: 'none' })
    expect(result.moments).toHaveLength(3)
    expect(result.takenOver).toBeGreaterThan(1000)
    expect(linesOf(readFileSync(to))).toHaveLength(result.lines)
    const before = await dump(pool)
    await wipe(pool)
    const { rows } = await funes.archive.import({ from: to })
    expect(rows.memories).toEqual({ added: 900, same: 0, replaced: 0, skipped: 0 })
    expect(await dump(pool)).toEqual(before)
    await funes.close()
    await pool.end()
    await server?.drop()
  }, 180_000)
})
