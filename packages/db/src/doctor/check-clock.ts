import { selectServerClock } from '../sql/doctor.js'
import type { Check } from './check.js'
import { type DoctorFinding, duration, found, ok } from './finding.js'

const MAX_SKEW_MS = 1000

/** What is to be said of two clocks, of which one is that of the server; `uncertainMs` is half of the round trip. */
export function judgeClock(skewMs: number, uncertainMs: number): DoctorFinding {
  const skew = Math.max(0, Math.abs(skewMs) - uncertainMs)
  const figures = `${skewMs < 0 ? '-' : '+'}${duration(Math.abs(skewMs))}, give or take ${duration(uncertainMs)}.`
  if (skew <= MAX_SKEW_MS) return ok('clock', 'The clocks of server and client agree', figures)
  return found(
    'warning',
    'clock.skew',
    `The server's clock is ${duration(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's`,
    `${figures} Memories expire by the server's clock, and ids and times that callers give come from this one.`,
    { command: 'timedatectl set-ntp true', text: 'Keep both machines on NTP.' },
  )
}

export const checkClock: Check = {
  id: 'clock',
  title: 'Clocks',
  notEmbedded: 'the embedded engine has the clock of this process',
  async run({ executor }) {
    const start = Date.now()
    const [server] = await executor.run(selectServerClock)
    const end = Date.now()
    return server ? [judgeClock(server.ms - (start + end) / 2, (end - start) / 2)] : []
  },
}
