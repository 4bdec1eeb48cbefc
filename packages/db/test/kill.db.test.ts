import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes } from '../src/index.js'
import { random, randomVector } from './vectors.js'

/** 50 is what it is meant for; fewer keep the suite short. */
const KILLS = Number(process.env.FUNES_TEST_KILLS ?? 1)

interface Said {
  readonly open?: true
  readonly added?: readonly number[]
  readonly changed?: number
  readonly deleted?: number
}

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const program = at(`../node_modules/.kill-child-${process.pid}.mjs`)
const folder = mkdtempSync(join(tmpdir(), 'funes-kill-'))
const dataDir = join(folder, 'db')

beforeAll(async () => {
  await build({
    entryPoints: [at('kill-child.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    alias: { '@funes/embedded': at('../../embedded/dist/index.js') },
    external: [at('../../embedded/dist/index.js')],
  })
  const funes = await createFunes({ dataDir })
  await funes.migrate()
  await funes.models.register({ name: 'm', dimensions: 16 })
  await funes.close()
})
afterAll(() => {
  rmSync(program, { force: true })
  rmSync(folder, { recursive: true, force: true })
})

/** Lets a process write for a while, kills it in the middle, and answers with what it said was done. */
async function writeUntilKilled(first: number, forMs: number): Promise<Said[]> {
  const child = spawn(process.execPath, [program, dataDir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: Said[] = []
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)))
  const exited = new Promise<unknown>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  )
  while (said.length < 2 && child.exitCode === null) await sleep(2)
  await sleep(forMs)
  child.kill('SIGKILL')
  expect(await exited).toBe('SIGKILL')
  return said
}

/** Every memory that there is, deleted ones too, by its number. */
async function everything(funes: Funes) {
  const rows = await funes.prisma.memory.findMany({ orderBy: { id: 'asc' } })
  return new Map(rows.map((row) => [Number(row.id.slice(-12)), row]))
}

it(`keeps what Funes acknowledged over ${KILLS} kills in mid-write, whole and found`, {
  timeout: 60_000 + KILLS * 30_000,
}, async () => {
  const next = random(5)
  const [added, changed, deleted] = [new Set<number>(), new Set<number>(), new Set<number>()]
  let first = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const said = await writeUntilKilled(first, Math.random() * 500)
    for (const line of said) {
      for (const n of line.added ?? []) added.add(n)
      if (line.changed !== undefined) changed.add(line.changed)
      if (line.deleted !== undefined) deleted.add(line.deleted)
    }
    expect(said.length).toBeGreaterThan(1)

    const funes = await createFunes({ dataDir, model: 'm' })
    const stored = await everything(funes)
    expect([...added].filter((n) => !stored.has(n))).toEqual([])
    expect([...changed].filter((n) => stored.get(n)?.importance !== 1)).toEqual([])
    expect([...deleted].filter((n) => stored.get(n)?.deletedAt === null)).toEqual([])
    // What was under way is there whole, or not at all: a batch, a transaction, a load, a memory with its vector.
    const last = Math.max(-1, ...stored.keys())
    for (let n = first; n <= last; n += 10) {
      for (const batch of [
        [1, 2, 3],
        [4, 5],
        [6, 7],
      ]) {
        expect(new Set(batch.map((i) => stored.has(n + i))).size).toBe(1)
      }
    }
    const bare = await funes.prisma.$queryRaw<{ n: number }[]>`
      select count(*)::int as n from memories m
      where not exists (select from memory_embeddings e where e.user_id = m.user_id and e.memory_id = m.id)`
    expect(bare).toEqual([{ n: 0 }])
    // By every kind of index the same is found as without one.
    expect(await funes.indexes.check('m')).toMatchObject([{ valid: true, leftovers: false }])
    const live = [...stored.values()].filter(({ deletedAt }) => deletedAt === null)
    expect(await funes.memories.count({ scope: 'all-users' })).toBe(live.length)
    for (const { userId, content, id } of [live[0], live[live.length >> 1], live.at(-1)].filter(
      (m) => m !== undefined,
    )) {
      const embedding = await funes.memories.embedding({ userId, id })
      const hits = await funes.memories.search({
        userId,
        embedding: embedding ?? randomVector(next, 16),
        k: 1,
      })
      expect(hits[0]?.memory.id).toBe(id)
      const number = content.split(' ').at(-1) as string
      const words = await funes.memories.search({ userId, text: `number ${number}`, mode: 'text', k: 100 })
      expect(words.map(({ memory }) => memory.id)).toContain(id)
    }
    await funes.close()
    first = 10 * Math.ceil((last + 1) / 10)
  }
  if (process.env.FUNES_TEST_KILLS)
    console.log(
      `${KILLS} kills: ${added.size} memories, ${changed.size} changes, ${deleted.size} deletions acknowledged, none lost`,
    )
})
