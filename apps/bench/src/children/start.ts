import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ChildAnswer, ChildTask } from './one-search.js'

const program = fileURLToPath(new URL('one-search.js', import.meta.url))

/** Runs a driver in a Node process of its own, as a serverless function would. */
export async function startChild(task: ChildTask): Promise<ChildAnswer> {
  const running = promisify(execFile)(process.execPath, [program], {
    maxBuffer: 2 ** 24,
  })
  running.child.stdin?.end(JSON.stringify(task))
  // Before the folder that the child has open is removed.
  const end = () => running.child.kill('SIGKILL')
  process.prependOnceListener('exit', end)
  try {
    return JSON.parse((await running).stdout) as ChildAnswer
  } finally {
    process.off('exit', end)
  }
}
