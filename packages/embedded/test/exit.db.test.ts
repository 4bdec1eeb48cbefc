import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEmbeddedPool } from '../src/index.js'
import { preparedDirectory, startChild, type Task } from './processes.js'

describe('a process with an embedded pool', () => {
  let dir: string
  let remove: () => void
  beforeEach(() => {
    ;({ dir, remove } = preparedDirectory())
  })
  afterEach(() => remove())

  const lockFile = () =>
    readFileSync(join(dir, readdirSync(dir).find((name) => /^lock\.\d+$/.test(name)) as string), 'utf8')

  const endings: [Task, number][] = [
    ['forget', 0],
    ['abandon', 0],
    ['exit', 7],
    ['throw', 1],
  ]
  it.each(endings)(
    'ends by itself, with its own exit code, and gives the directory free: %s',
    async (task, code) => {
      const child = startChild(dir, task)
      expect(await child.exited).toBe(code)
      expect(child.lines).toEqual(['open'])
      expect(lockFile()).toBe('free')
      expect(readdirSync(dir).filter((name) => name.startsWith('lock.'))).toHaveLength(1)
    },
  )

  it('is found as it was when it forgot to end its pool, again and again', async () => {
    // The second one recovers what the first one left, and must still be able to end by itself.
    for (const task of ['forget', 'abandon'] as const) expect(await startChild(dir, task).exited).toBe(0)
    const pool = await createEmbeddedPool({ dataDir: dir })
    expect((await pool.query('select x from forgotten')).rows).toEqual([{ x: 1 }])
    await expect(pool.query('select * from abandoned')).rejects.toMatchObject({ code: '42P01' })
    await pool.end()
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('dies of %s as any other, and blocks nobody', async (signal) => {
    const child = startChild(dir, 'hold')
    expect(await child.first).toBe('open')
    child.process.kill(signal)
    expect(await child.exited).toBe(signal)
    await (await createEmbeddedPool({ dataDir: dir })).end()
  })

  it('handles signals itself when it wants to', async () => {
    const child = startChild(dir, 'own handler')
    while (!child.lines.includes('ready')) await sleep(10)
    child.process.kill('SIGINT')
    expect(await child.exited).toBe(3)
    expect(child.lines).toEqual(['open', 'ready', 'ended'])
    expect(lockFile()).toBe('free')
  })

  it('has one exit listener for all its pools, and none when they have ended', async () => {
    const child = startChild(dir, 'many pools')
    expect(await child.exited).toBe(0)
    expect(child.lines).toEqual(['open', '0', '-1'])
  })
})
