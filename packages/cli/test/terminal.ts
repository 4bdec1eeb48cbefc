import { spawn, spawnSync } from 'node:child_process'
import { environment, PROGRAM } from './run.js'

/** Whether there is util-linux's script, which runs a command on a terminal of its own. In CI on Linux there must be. */
export const hasTerminal =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false

if (!hasTerminal && process.platform === 'linux' && process.env.CI && process.env.CI !== 'false')
  throw new Error(
    'script of util-linux is not on this machine, and in CI no test that needs it may be skipped.',
  )

/** Runs a command line on a terminal of 60 columns, and types `answer` when it asks. */
export function typed(
  line: string,
  { cwd, answer = '', env = {} }: { cwd: string; answer?: string; env?: NodeJS.ProcessEnv },
): Promise<{ code: number | null; shown: string }> {
  const command = `stty cols 60; '${process.execPath}' '${PROGRAM}' ${line}`
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd,
    env: environment({ TERM: 'xterm', ...env }),
  })
  let shown = ''
  child.stdout.on('data', (chunk) => {
    const before = shown
    shown += chunk
    if (!before.includes('[y/N]') && shown.includes('[y/N]')) child.stdin.write(answer)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, shown }))
  })
}
