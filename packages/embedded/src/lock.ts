import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { embeddedError } from './errors.js'
import { type Holder, mayBeAlive, thisProcess } from './holder.js'

export interface Lock {
  /** Gives the directory free; doing it again does nothing. Synchronous, so that an exit handler can call it. */
  release(): void
}

const NAME = /^lock\.(\d+)$/
const FREE = 'free'

/** The numbers of the lock files, highest first. */
function generations(dir: string): number[] {
  return readdirSync(dir)
    .map((name) => NAME.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => b - a)
}

/** The holder in a lock file; 'free' when it was given free; undefined when the file has gone meanwhile. */
function readLock(path: string): Holder | typeof FREE | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return text === FREE ? FREE : (JSON.parse(text) as Holder)
  } catch {
    // Files come into being whole, by link; a torn one is a disk's doing, and nobody holds it.
    return FREE
  }
}

function lockedError(dir: string, holder: Holder) {
  const here = holder.pid === process.pid
  return embeddedError(
    'EMBEDDED.LOCKED',
    `The embedded database is already open ${here ? 'in this process' : `in process ${holder.pid} on ${holder.host}`}.`,
    {
      fix: here
        ? 'Share the pool that is open, or end it first.'
        : `Stop process ${holder.pid}, choose another directory, or use a PostgreSQL server for several processes.`,
      meta: { dataDir: dir, pid: holder.pid, host: holder.host, since: holder.since },
    },
  )
}

/**
 * Takes a directory for this process alone. A lock whose holder has died is taken over.
 *
 * Each holder is a file `lock.N`, and only ever a new one is made, by link(2), which is atomic: of all that saw N
 * free or dead, one makes N+1. The highest file is never removed, a release only writes `free` into it, so no one
 * who comes late can find its number unused. Rewriting one lock file in place could not promise that.
 *
 * @throws `EMBEDDED.LOCKED` naming the holder
 */
export function acquireLock(dir: string): Lock {
  const draft = join(dir, `lock.draft-${process.pid}-${Math.random().toString(36).slice(2)}`)
  writeFileSync(draft, JSON.stringify(thisProcess()))
  try {
    for (;;) {
      const [highest = 0] = generations(dir)
      if (highest > 0) {
        const holder = readLock(join(dir, `lock.${highest}`))
        if (holder === undefined) continue
        if (holder !== FREE && mayBeAlive(holder)) throw lockedError(dir, holder)
      }
      const mine = highest + 1
      try {
        linkSync(draft, join(dir, `lock.${mine}`))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
        throw error
      }
      const others = generations(dir).filter((n) => n !== mine)
      if (others.some((n) => n > mine)) {
        rmSync(join(dir, `lock.${mine}`), { force: true })
        continue
      }
      for (const n of others) rmSync(join(dir, `lock.${n}`), { force: true })
      return { release: once(() => writeFree(dir, mine)) }
    }
  } finally {
    rmSync(draft, { force: true })
  }
}

function writeFree(dir: string, generation: number): void {
  const draft = join(dir, `lock.free-${process.pid}`)
  try {
    writeFileSync(draft, FREE)
    renameSync(draft, join(dir, `lock.${generation}`))
  } catch {
    // The directory has been removed: there is nothing left to give free.
  }
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
