import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { isLit } from './beacon.js'

/** Who holds a data directory, as its lock file says. */
export interface Holder {
  /** Of this one lock, so that nobody gives free what is no longer his. */
  readonly id: string
  readonly pid: number
  readonly host: string
  /** ISO time at which it was opened, for people; no decision rests on a clock. */
  readonly since: string
  /** The socket beside the lock file that the holder listens on; null where there can be none. */
  readonly socket: string | null
  /** The run of the operating system; null where the system does not tell. */
  readonly boot: string | null
  /** The container, so to speak, in which `pid` means something; null where the system does not tell. */
  readonly pidSpace: string | null
  /** When the process began, in ticks since boot, so that a pid's next owner is not taken for it. */
  readonly start: string | null
}

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

const bootId = () => orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
const pidSpace = () => orNull(() => readlinkSync('/proc/self/ns/pid'))

function startOf(pid: number): string | null {
  return orNull(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the command, may hold spaces and parentheses: count from the last one (proc(5),
    // field 22).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  })
}

export function thisProcess(socket: string | null): Holder {
  return {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    socket,
    boot: bootId(),
    pidSpace: pidSpace(),
    start: startOf(process.pid),
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: there is such a process, and it is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Whether the holder of the lock in `dir` may still be at work. Where that cannot be known, because it runs
 * on another machine, it counts as alive.
 */
export async function mayBeAlive(dir: string, holder: Holder): Promise<boolean> {
  const boot = bootId()
  const sameHost = holder.host === hostname()
  if (boot !== null && holder.boot !== null) {
    if (boot !== holder.boot) return !sameHost
  } else if (!sameHost) {
    return true
  }
  // From here on it is this machine and this run of it, though perhaps another container.
  if (holder.socket !== null) {
    const lit = await isLit(dir, holder.socket)
    if (lit !== undefined) return lit
  }
  if (holder.pidSpace !== pidSpace()) return true
  if (!processExists(holder.pid)) return false
  const start = startOf(holder.pid)
  return start === null || holder.start === null || start === holder.start
}
