import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createEmbeddedPool } from '../src/index.js'
import { preparedDirectory } from './processes.js'

/** 50 is what it is meant for; fewer keep the suite short. */
const KILLS = Number(process.env.FUNES_TEST_KILLS ?? 2)

/** What the table holds after step `n`, as kill-child.mjs goes. */
function notesAfter(n: number): Map<number, string> {
  const notes = new Map<number, string>()
  for (let step = 1; step <= n; step++) {
    for (let id = step * 5; id < step * 5 + 5; id++) notes.set(id, 'x'.repeat((step % 40) * 100) + id)
    if (step > 3) notes.set((step - 3) * 5, `changed by ${step}`)
    if (step > 6) for (let i = 0; i < 3; i++) notes.delete((step - 6) * 5 + i)
  }
  return notes
}

/** Lets the child write for a while, kills it, and answers with the last step that it said was committed. */
async function writeUntilKilled(dir: string, forMs: number): Promise<number> {
  const path = fileURLToPath(new URL('kill-child.mjs', import.meta.url))
  const child = spawn(process.execPath, [path, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const exited = new Promise<unknown>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  )
  while (lines.length < 2 && child.exitCode === null) await sleep(2)
  await sleep(forMs)
  child.kill('SIGKILL')
  expect(await exited).toBe('SIGKILL')
  expect(lines[0]).toBe('open')
  return Number(lines.at(-1))
}

it(`keeps every acknowledged transaction whole, and its indexes, over ${KILLS} kills in mid-write`, {
  timeout: 60_000 + KILLS * 20_000,
}, async () => {
  const { dir, remove } = preparedDirectory()
  let before = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const acknowledged = await writeUntilKilled(dir, Math.random() * 250)
    expect(acknowledged).toBeGreaterThan(before)

    const pool = await createEmbeddedPool({ dataDir: dir })
    const [{ n }] = (await pool.query('select n from step')).rows
    // The kill may have cut off the answer to one more.
    expect([acknowledged, acknowledged + 1]).toContain(n)
    const { rows } = await pool.query('select id, body from notes order by id')
    expect(new Map(rows.map(({ id, body }) => [id, body]))).toEqual(notesAfter(n))

    await pool.query('set enable_seqscan = off')
    const found = await pool.query(
      `select count(*)::int as n from notes t
       where exists (select from notes k where k.id = t.id) and exists (
         select from notes w
         where w.id = t.id and w.words @@ to_tsquery(
           'simple', case when t.body like 'changed by %' then 'c' || substring(t.body from 12) else 'w' || t.id end
         )
       )`,
    )
    expect(found.rows[0].n).toBe(rows.length)
    await pool.query('set hnsw.ef_search = 1000')
    for (const { id } of [rows[0], rows[rows.length >> 1], rows.at(-1)] as { id: number }[]) {
      const nearest = await pool.query(
        'select id from notes order by embedding <-> array_fill($1::real, array[16])::vector limit 1',
        [id],
      )
      expect(nearest.rows).toEqual([{ id }])
    }
    await pool.end()
    before = n
  }
  remove()
})
