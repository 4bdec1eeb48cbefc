import { randomUUID } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Beacon, lightBeacon } from './beacon.js'
import { embeddedError } from './errors.js'
import { type Holder, mayBeAlive, thisProcess } from './holder.js'

export interface Lock {
  /**
   * Gives the directory free; doing it again does nothing. Synchronous, so that an exit handler can call
   * it.
   */
  release(): void
}

const NAME = /^lock\.(\d+)$/
const FREE = 'free'

const lockFile = (dir: string, generation: number) => join(dir, `lock.${generation}`)
const draftFile = (dir: string) => join(dir, `lock.draft-${randomUUID()}`)

/** The numbers of the lock files, highest first. */
function generations(dir: string): number[] {
  return readdirSync(dir)
    .map((name) => NAME.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => b - a)
}

/** The holder in a lock file; 'free' when it was given free; undefined when the file has gone meanwhile. */
function readLock(dir: string, generation: number): Holder | typeof FREE | undefined {
  let text: string
  try {
    text = readFileSync(lockFile(dir, generation), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const holder = JSON.parse(text) as Holder
    return typeof holder.pid === 'number' ? holder : FREE
  } catch {
    // 'free', or torn: files come into being whole, by link, so a torn one is what a power failure left.
    return FREE
  }
}

function lockedError(dir: string, holder: Holder) {
  const { pid, host, since } = holder
  const here = holder.host === thisProcess(null).host && pid === process.pid
  return embeddedError(
    'EMBEDDED.LOCKED',
    `The embedded database is already open ${here ? 'in this process' : `in process ${pid} on ${host}`}.`,
    {
      fix: here
        ? 'Share the pool that is open, or end it first.'
        : `Stop process ${pid} on ${host}, choose another directory, or use a PostgreSQL server for several ` +
          'processes. If that machine is gone for good, delete the files lock.* in the directory.',
      meta: { dataDir: dir, pid, host, since },
    },
  )
}

/** Waits for nobody: makes the next lock file out of `draft`, or fails; returns its number. */
async function takeNext(dir: string, draft: string): Promise<number> {
  for (;;) {
    const [highest = 0] = generations(dir)
    if (highest > 0) {
      const holder = readLock(dir, highest)
      if (holder === undefined) continue
      if (holder !== FREE && (await mayBeAlive(dir, holder))) throw lockedError(dir, holder)
    }
    const mine = highest + 1
    try {
      linkSync(draft, lockFile(dir, mine))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw error
    }
    // Who was slow between looking and linking may have made a number that was used and removed meanwhile.
    if (generations(dir).some((n) => n > mine)) {
      rmSync(lockFile(dir, mine), { force: true })
      continue
    }
    return mine
  }
}

/**
 * Takes a directory for this process alone. A lock whose holder has died is taken over.
 *
 * Each holder is a file `lock.N`, and only ever a new one is made, by link(2), which is atomic: of all that
 * saw N free or dead, one makes N+1. The highest file is never removed, a release only writes `free` into
 * it, so no one who comes late can find its number unused. Rewriting one lock file in place could not
 * promise that.
 *
 * @throws `EMBEDDED.LOCKED` naming the holder
 */
export async function acquireLock(dir: string): Promise<Lock> {
  const beacon = await lightBeacon(dir)
  const me = thisProcess(beacon.name)
  const draft = draftFile(dir)
  let mine: number
  try {
    writeFileSync(draft, JSON.stringify(me))
    mine = await takeNext(dir, draft)
  } catch (error) {
    beacon.putOut()
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
  for (const n of generations(dir)) if (n < mine) removeOld(dir, n)
  let held = true
  return {
    release() {
      if (held) giveFree(dir, mine, me, beacon)
      held = false
    },
  }
}

function removeOld(dir: string, generation: number): void {
  const holder = readLock(dir, generation)
  if (typeof holder === 'object' && holder.socket) rmSync(join(dir, holder.socket), { force: true })
  rmSync(lockFile(dir, generation), { force: true })
}

function giveFree(dir: string, generation: number, me: Holder, beacon: Beacon): void {
  try {
    const holder = readLock(dir, generation)
    // Another's when the directory was deleted and made anew while this pool was open.
    if (typeof holder === 'object' && holder.id === me.id) {
      const draft = draftFile(dir)
      writeFileSync(draft, FREE)
      renameSync(draft, lockFile(dir, generation))
    }
    beacon.putOut()
  } catch {
    // The directory has been removed, or its disk is full. Dead is as good as free to the next opener.
  }
}
