import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who holds a data directory. */
export interface Holder {
  readonly pid: number
  readonly host: string
  /** ISO time at which it was opened, for people; no decision rests on a clock. */
  readonly since: string
  /** Tells two processes apart that had the same pid: the boot and the moment of start, where the system tells. */
  readonly birth: string | null
}

/** The boot id and start time of a process on Linux; null elsewhere, or when there is no such process. */
function birthOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the command, may hold spaces and parentheses: count from the last one (proc(5), field 22).
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${boot}/${startTicks}`
  } catch {
    return null
  }
}

export function thisProcess(): Holder {
  return {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    birth: birthOf(process.pid),
  }
}

/** Whether the holder may still be at work. On another host that cannot be known, so it counts as alive. */
export function mayBeAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: there is such a process, and it is somebody else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const birth = birthOf(holder.pid)
  return birth === null || holder.birth === null || birth === holder.birth
}
