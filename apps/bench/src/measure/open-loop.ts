import { setTimeout as sleep } from 'node:timers/promises'
import { createLatencies, type Latencies } from './latencies.js'

export interface ArrivalResult {
  /**
   * Of the calls that were answered, from the moment a call was due, not from when it could be sent: a queue in front of
   * the database counts.
   */
  readonly latencies: Latencies
  /** A percentile of all calls, those that were refused taken for slower than any other; undefined where it falls among them. */
  ms(percentile: number): number | undefined
  /** Calls answered a second, up to the last answer. */
  readonly achieved: number
  /** The part of the calls that were refused, given up by a time limit for the most part: 0 to 1. */
  readonly refusedShare: number
  /** How late this process itself sent calls, at worst (ms): the error of the measurement. */
  readonly lateMs: number
}

/**
 * Sends calls at a fixed rate whether or not earlier ones have come back, so that waiting is not hidden
 * (coordinated omission; Gil Tene, "How NOT to Measure Latency").
 *
 * @param rate calls a second
 * @throws the first error when every call failed, after all have come back
 */
export async function callAtRate(
  rate: number,
  seconds: number,
  call: (i: number) => Promise<unknown>,
): Promise<ArrivalResult> {
  const latencies = createLatencies()
  const total = Math.max(1, Math.round(rate * seconds))
  const running: Promise<void>[] = []
  const failures: unknown[] = []
  let lateMs = 0
  const start = performance.now()
  for (let sent = 0; sent < total; ) {
    const now = performance.now()
    const due = Math.min(total, Math.floor(((now - start) / 1000) * rate) + 1)
    for (; sent < due; sent++) {
      const intended = start + (sent / rate) * 1000
      lateMs = Math.max(lateMs, performance.now() - intended)
      // Caught at once: a rejection that nobody awaits yet would end the process before anything is cleaned up.
      running.push(
        call(sent).then(
          () => latencies.record(performance.now() - intended),
          (error: unknown) => void failures.push(error),
        ),
      )
    }
    await sleep(1)
  }
  await Promise.all(running)
  if (failures.length === total) throw failures[0]
  const achieved = (total - failures.length) / ((performance.now() - start) / 1000)
  const ms = (percentile: number) => {
    const ofAnswered = (percentile * total) / (total - failures.length)
    return ofAnswered > 100 ? undefined : latencies.ms(ofAnswered)
  }
  return { latencies, ms, achieved, refusedShare: failures.length / total, lateMs }
}
