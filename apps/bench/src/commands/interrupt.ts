import type { Databases } from '../storage/database.js'

/**
 * On the first signal to end drops the databases of this process, then ends it with exit code 130. Returns what stops
 * listening.
 *
 * @param notify told before anything is dropped
 */
export function dropOnInterrupt(databases: Databases, notify: () => void): () => void {
  let isEnding = false
  const interrupt = () => {
    if (isEnding) return
    isEnding = true
    notify()
    // Whatever runs now fails, somewhere: nothing but the drops counts any more.
    process.on('uncaughtException', () => {})
    databases
      .dropAll()
      .catch((error: Error) => console.error(`Not every database was dropped: ${error.message}`))
      .finally(() => process.exit(130))
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, interrupt)
  return () => {
    for (const signal of signals) if (!isEnding) process.off(signal, interrupt)
  }
}
