import { toolEnvironment } from './environment.mjs'
import { runStep } from './progress.mjs'

/** The command line that runs turbo with these arguments, as `[program, args]`. */
export function turboCommand(...args) {
  // Its JavaScript entry, because the link in node_modules/.bin is a shell script where there may be no shell.
  return [process.execPath, ['node_modules/turbo/bin/turbo', 'run', ...args]]
}

/** Builds what the turbo `filters` select (everything by default). Returns an exit code. */
export async function build(filters = []) {
  const options = ['--output-logs=errors-only', '--log-order=grouped', '--ui=stream']
  const [command, args] = turboCommand('build', ...filters, ...options)
  const { exitCode } = await runStep('Building', command, args, { env: toolEnvironment() })
  return exitCode
}
