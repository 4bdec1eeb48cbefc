import { log } from './log.js'
import { isEmbeddedUrl } from './target.js'

/** The native engine takes four seconds; dropping a database on a busy server can take longer. */
const SHUTDOWN_TIMEOUT_MS = 10_000
const ORPHAN_CHECK_MS = 200

/** Ends the process after `close`, with status 0, or 1 when that took too long. The first reason is the one logged. */
export type Stop = (reason: string) => Promise<never>

/**
 * Has the process end in order when it is told to, or when the CLI that started it is gone: `close` drops a temporary
 * shadow database and ends the sessions, and with them the advisory lock.
 */
export function stopOnSignals(close: () => Promise<void>, url: string | undefined): Stop {
  let stopping: Promise<never> | undefined
  const stop: Stop = (reason) => {
    stopping ??= end(close, reason)
    return stopping
  }
  // PGlite works in this thread, so a handler would wait for the end of a long statement, and it stands being
  // killed: for the embedded database Ctrl-C does what it does to any program.
  if (url === undefined || !isEmbeddedUrl(url)) process.on('SIGINT', () => stop('Received SIGINT/Ctrl+C'))
  process.on('SIGTERM', () => stop('Received SIGTERM'))
  process.on('SIGHUP', () => stop('Received SIGHUP'))
  process.stdout.on('error', () => stop('The output was closed'))

  // The input ends in a pipe as well, where all that was asked is answered first. A CLI that died is told by the
  // parent being another: nobody waits for its answers.
  const parent = process.ppid
  process.stdin.on('end', () => {
    setInterval(() => {
      if (process.ppid !== parent) stop('The CLI is gone')
    }, ORPHAN_CHECK_MS).unref()
  })
  return stop
}

async function end(close: () => Promise<void>, reason: string): Promise<never> {
  log('INFO', { message: reason })
  const late = setTimeout(() => {
    log('ERROR', { message: 'Graceful shutdown timed out' })
    process.exit(1)
  }, SHUTDOWN_TIMEOUT_MS)
  await close()
  clearTimeout(late)
  process.exit(0)
}
