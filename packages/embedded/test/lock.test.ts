import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Holder, thisProcess } from '../src/holder.js'
import { acquireLock } from '../src/lock.js'
import { temporaryDirectory } from './processes.js'

describe('a lock', () => {
  let dir: string
  let remove: () => void
  beforeEach(() => {
    ;({ dir, remove } = temporaryDirectory())
    mkdirSync(dir)
  })
  afterEach(() => remove())

  const leave = (holder: Partial<Holder>, generation = 1) =>
    writeFileSync(join(dir, `lock.${generation}`), JSON.stringify({ ...thisProcess(null), ...holder }))
  const isTaken = () =>
    acquireLock(dir).then(
      (lock) => {
        lock.release()
        return false
      },
      (error: { code?: string }) => {
        expect(error.code).toBe('EMBEDDED.LOCKED')
        return true
      },
    )

  it('is held until it is released', async () => {
    const lock = await acquireLock(dir)
    expect(await isTaken()).toBe(true)
    lock.release()
    lock.release()
    expect(await isTaken()).toBe(false)
  })

  it('goes to exactly one of many at once, again and again', async () => {
    for (let round = 0; round < 20; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(dir)))
      const won = tries.filter((t) => t.status === 'fulfilled')
      expect(won).toHaveLength(1)
      won[0]?.value.release()
    }
  })

  it('leaves one file behind, however often it was taken and whatever failed', async () => {
    for (let i = 0; i < 5; i++) {
      const lock = await acquireLock(dir)
      expect(await isTaken()).toBe(true)
      lock.release()
    }
    expect(readdirSync(dir)).toEqual(['lock.5'])
  })

  it.runIf(process.platform === 'linux')('is stale when its pid belongs to a later process', async () => {
    leave({ start: '1' })
    expect(await isTaken()).toBe(false)
  })

  it.runIf(process.platform === 'linux')('is stale when the machine has been started anew', async () => {
    leave({ boot: 'another' })
    expect(await isTaken()).toBe(false)
  })

  it('is stale when its process has gone, and when its file is torn', async () => {
    leave({ pid: 2 ** 22 + 1 })
    expect(await isTaken()).toBe(false)
    for (const torn of ['', '{"pid":', 'null']) {
      const [name] = readdirSync(dir)
      writeFileSync(join(dir, name as string), torn)
      expect(await isTaken()).toBe(false)
    }
  })

  it('is respected when its holder lives, or cannot be asked', async () => {
    leave({})
    expect(await isTaken()).toBe(true)
    leave({ host: 'another.example', boot: 'another' })
    expect(await isTaken()).toBe(true)
  })

  it.runIf(process.platform === 'linux')(
    'of another container is stale only when nobody listens',
    async () => {
      const other = { pidSpace: 'pid:[1]', pid: 1, host: 'container', socket: 'lock.other.sock' }
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(join(dir, 'lock.other.sock'), resolve))
      leave(other)
      expect(await isTaken()).toBe(true)
      await new Promise((resolve) => server.close(resolve))
      expect(await isTaken()).toBe(true)
      // What a kill leaves: the socket's file, and nobody behind it.
      const worker = new Worker(
        `require('net').createServer().listen(${JSON.stringify(join(dir, 'left.sock'))}, () =>
         require('worker_threads').parentPort.postMessage('up'))`,
        { eval: true },
      )
      await new Promise((resolve) => worker.once('message', resolve))
      const { linkSync } = await import('node:fs')
      linkSync(join(dir, 'left.sock'), join(dir, 'lock.other.sock'))
      expect(await isTaken()).toBe(true)
      await worker.terminate()
      expect(await isTaken()).toBe(false)
    },
  )

  it('does not give free what has become another holder’s', async () => {
    const old = await acquireLock(dir)
    rmSync(dir, { recursive: true })
    mkdirSync(dir)
    const current = await acquireLock(dir)
    old.release()
    expect(JSON.parse(readFileSync(join(dir, 'lock.1'), 'utf8'))).toMatchObject({ pid: process.pid })
    expect(await isTaken()).toBe(true)
    current.release()
  })

  it('fails with a reason where there can be no lock', async () => {
    rmSync(dir, { recursive: true })
    await expect(acquireLock(dir)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
