import { isCollision, isConnectionLost } from '../errors/database-error.js'
import type { FunesError } from '../errors/funes-error.js'
import { currentCall, untilAborted } from './call.js'

/** Whether a transaction failed through no fault of its own, and so that nothing of it was kept. */
export function isBadLuck(error: unknown): error is FunesError {
  return isCollision(error) || isConnectionLost(error)
}

/** How often, how soon and how much a Funes tries again. */
export interface RetryPolicy {
  readonly attempts: number
  readonly baseMs: number
  readonly maxMs: number
  readonly budget: number
  readonly budgetPerSecond: number
}

export interface Retry {
  readonly attempts: number
  /**
   * Whether what was tried `made` times may be tried once more. Waits before it says yes: a random time up to a bound
   * that doubles each time ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   *
   * @param attempts how often in all, in place of the policy's own number
   * @throws the reason for which the call was called off meanwhile
   */
  again(made: number, attempts?: number): Promise<boolean>
}

/** What is taken with each repetition and comes back with time, so that an outage does not multiply the load. */
function createBudget({ budget, budgetPerSecond }: RetryPolicy) {
  let left = budget
  let at = performance.now()
  return {
    take(): boolean {
      const now = performance.now()
      left = Math.min(budget, left + ((now - at) / 1000) * budgetPerSecond)
      at = now
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}

/** A random time, in milliseconds, to wait after `made` attempts. */
export function backoff(made: number, { baseMs, maxMs }: Pick<RetryPolicy, 'baseMs' | 'maxMs'>): number {
  return Math.random() * Math.min(maxMs, baseMs * 2 ** (made - 1))
}

/** Waits, unless the call that waits is called off. */
export async function pause(ms: number): Promise<void> {
  const call = currentCall()
  if (call !== undefined) call.progress.phase = 'retry'
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await untilAborted(over, call?.signal).finally(() => clearTimeout(timer))
}

export function createRetry(policy: RetryPolicy): Retry {
  const budget = createBudget(policy)
  return {
    attempts: policy.attempts,
    async again(made, attempts = policy.attempts) {
      if (made >= attempts) return false
      const ms = backoff(made, policy)
      const { deadline = Number.POSITIVE_INFINITY } = currentCall() ?? {}
      if (performance.now() + ms >= deadline || !budget.take()) return false
      await pause(ms)
      return true
    },
  }
}
