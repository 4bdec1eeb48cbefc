import { createLatencies, type Latencies } from './latencies.js'

export interface LoopResult {
  readonly latencies: Latencies
  readonly seconds: number
  readonly calls: number
  /** Processor time of this process for each call: unlike waiting, it hardly depends on what else is running. */
  readonly cpuMs: number
}

/** Processor milliseconds that this process has used since `since`. */
function cpuMsSince(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

/** Calls are cut off after so long, so that a full scan of many rows does not take hours: but never below a dozen. */
const MAX_MS = 4_000
const MIN_CALLS = 12

/** One call after the other, at most `limit` in all. What a single client waits for. */
export async function callInTurn(limit: number, call: (i: number) => Promise<unknown>): Promise<LoopResult> {
  const latencies = createLatencies()
  const cpu = process.cpuUsage()
  const start = performance.now()
  let calls = 0
  while (calls < limit && (calls < MIN_CALLS || performance.now() - start < MAX_MS)) {
    const before = performance.now()
    await call(calls++)
    latencies.record(performance.now() - before)
  }
  return { latencies, seconds: (performance.now() - start) / 1000, calls, cpuMs: cpuMsSince(cpu) / calls }
}

/**
 * As `callInTurn`, but each call is followed by the same of the others: what is compared is then measured in the same
 * seconds, on a machine whose speed changes with its neighbours.
 */
export async function callByTurns(
  limit: number,
  calls: readonly ((i: number) => Promise<unknown>)[],
): Promise<LoopResult[]> {
  const own = calls.map((call) => ({ call, latencies: createLatencies(), ms: 0, cpuMs: 0 }))
  const start = performance.now()
  let made = 0
  while (made < limit && (made < MIN_CALLS || performance.now() - start < MAX_MS * calls.length)) {
    for (const one of own) {
      const cpu = process.cpuUsage()
      const before = performance.now()
      await one.call(made)
      const ms = performance.now() - before
      one.latencies.record(ms)
      one.ms += ms
      one.cpuMs += cpuMsSince(cpu)
    }
    made++
  }
  return own.map(({ latencies, ms, cpuMs }) => ({
    ...{ latencies, seconds: ms / 1000, calls: made, cpuMs: cpuMs / made },
  }))
}

/** `clients` callers side by side, each with one call in flight, for so many seconds. */
export async function callSideBySide(
  clients: number,
  seconds: number,
  call: (i: number) => Promise<unknown>,
): Promise<LoopResult> {
  const latencies = createLatencies()
  const cpu = process.cpuUsage()
  const start = performance.now()
  const end = start + seconds * 1000
  let next = 0
  async function client(): Promise<void> {
    while (performance.now() < end) {
      const before = performance.now()
      await call(next++)
      latencies.record(performance.now() - before)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  const calls = latencies.count
  return { latencies, seconds: (performance.now() - start) / 1000, calls, cpuMs: cpuMsSince(cpu) / calls }
}
