import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** A command that could not be run or did not exit with 0; `output` holds what it printed. */
export class CommandError extends Error {
  constructor(command, exitCode, output) {
    super(`${command} exited with ${exitCode}${output ? `\n${output.trimEnd()}` : ''}`)
    this.name = 'CommandError'
    this.exitCode = exitCode
    this.output = output
  }
}

/**
 * Runs a command to its end and returns what it wrote to standard output.
 * `account` (uid, gid) is the user it runs as; without `input` its standard input is empty.
 * @throws CommandError when it cannot be started or exits with anything but 0
 */
export function capture(command, args, { cwd, env, account, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      ...account,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    child.on('error', (error) => reject(new CommandError(command, error.code, error.message)))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout)
      else reject(new CommandError([command, ...args].join(' '), code ?? signal, output))
    })
    if (input !== undefined) child.stdin.end(input)
  })
}

/** What `capture` returns, or undefined when the command is not there or fails. */
export async function captureIfPossible(command, args, options) {
  try {
    return await capture(command, args, options)
  } catch {
    return undefined
  }
}

/**
 * Runs a command in the foreground, on this terminal, and returns its exit code (128 + n for signal n).
 * A Ctrl-C reaches the child by itself, as one of the terminal's foreground group; a signal sent to this
 * process alone is passed on.
 */
export function foreground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    const forward = (signal) => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, forward)
    const settle = (finish) => {
      for (const signal of signals) process.off(signal, forward)
      finish()
    }
    child.on('error', (error) => settle(() => reject(error)))
    child.on('exit', (code, signal) => settle(() => resolve(code ?? 128 + constants.signals[signal])))
  })
}
