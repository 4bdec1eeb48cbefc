import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const live = process.stderr.isTTY

/** Seconds since `start` (milliseconds, `performance.now()`), for people. */
export function secondsSince(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}

/**
 * Runs a command that is not to be seen while all is well: one line with its `title` and its time, and its whole
 * output when it fails. Returns `{ exitCode, output }`; with `keepQuiet` the failed output is left to the caller.
 */
export async function runStep(title, command, args, { env, keepQuiet = false } = {}) {
  const start = performance.now()
  const show = (text) => process.stderr.write(live ? `\r\x1b[K${text}` : text)
  show(live ? `${title}...` : `${title}...\n`)
  const timer = live ? setInterval(() => show(`${title}... ${secondsSince(start)}`), 1000) : undefined
  try {
    const result = await collect(command, args, env)
    const verdict = result.exitCode === 0 ? 'done in' : 'failed after'
    show(`${title}: ${verdict} ${secondsSince(start)}\n`)
    if (result.exitCode !== 0 && !keepQuiet) process.stderr.write(result.output)
    return result
  } finally {
    clearInterval(timer)
  }
}

/**
 * Runs a command to its end and returns `{ exitCode, output, interrupted }`. A signal to this process reaches the
 * command too and is named by `interrupted`.
 */
export function collect(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    let interrupted
    const forward = (signal) => {
      interrupted = signal
      child.kill(signal)
    }
    for (const signal of signals) process.on(signal, forward)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, forward)
      const stoppedBy = signal ?? interrupted
      const exitCode = stoppedBy ? 128 + constants.signals[stoppedBy] : code
      resolve({ exitCode, output: Buffer.concat(chunks).toString(), interrupted })
    })
  })
}
