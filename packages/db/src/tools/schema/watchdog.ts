import vm from 'node:vm'

let script: { context: { work: (() => unknown) | null }; run: vm.Script } | undefined

/** Whether `error` is that of work that {@link withinTime} stopped. */
export function isOutOfTime(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}

/**
 * Runs `work`, which must be synchronous, and stops it after `ms` milliseconds wherever it is, in the midst of a regular
 * expression too. Costs 0.03 ms.
 *
 * @throws what `work` throws, or what {@link isOutOfTime} knows
 */
export function withinTime<T>(ms: number, work: () => T): T {
  // Only the call is in another context: what is called runs in this one, and the time limit of the script holds for it.
  script ??= { context: vm.createContext({ work: null }) as { work: null }, run: new vm.Script('work()') }
  const { context, run } = script
  const outer = context.work
  context.work = work
  try {
    return run.runInContext(context, { timeout: ms }) as T
  } finally {
    context.work = outer
  }
}
