import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createEmbeddedPool } from '../src/index.js'
import { preparedDirectory, startChild, temporaryDirectory } from './processes.js'

const ROUNDS = Number(process.env.FUNES_CRASH_ROUNDS ?? 5)

it(`loses no acknowledged row in ${ROUNDS} kills in the middle of writes`, {
  timeout: 60_000 + ROUNDS * 20_000,
}, async () => {
  const { dir, remove } = preparedDirectory()
  const acknowledged = new Set<number>()
  for (let round = 0; round < ROUNDS; round++) {
    const before = acknowledged.size
    const child = startChild(dir, 'write')
    expect(await child.first).toBe('open')
    while (child.lines.length < 2) await sleep(5)
    await sleep(Math.random() * 400)
    child.process.kill('SIGKILL')
    await child.exited
    for (const line of child.lines.slice(1)) acknowledged.add(Number(line))
    expect(acknowledged.size).toBeGreaterThan(before)

    const pool = await createEmbeddedPool({ dataDir: dir })
    const { rows } = await pool.query("select id from written where filler = repeat('x', 500)")
    const found = new Set(rows.map((row) => row.id))
    expect([...acknowledged].filter((id) => !found.has(id))).toEqual([])
    // One more may have been written whose acknowledgement the kill cut off.
    expect(found.size).toBeGreaterThanOrEqual(acknowledged.size)
    for (const id of found) acknowledged.add(id)
    await pool.end()
  }
  remove()
})

it('makes a directory anew whose first opening was cut short, at whatever moment', async () => {
  const { dir, remove } = temporaryDirectory()
  for (let round = 0; round < 4; round++) {
    const child = startChild(dir, 'hold')
    await Promise.race([sleep(200 + round * 400 + Math.random() * 400), child.first])
    child.process.kill('SIGKILL')
    await child.exited
  }
  const pool = await createEmbeddedPool({ dataDir: dir })
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await pool.end()
  expect(readdirSync(dir).filter((name) => /^lock\.\d+$/.test(name))).toHaveLength(1)
  remove()
})
