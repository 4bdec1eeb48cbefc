import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ChildAnswer, ChildTask } from './one-search.js'

const program = fileURLToPath(new URL('one-search.js', import.meta.url))

/** Runs a driver in a Node process of its own, as a serverless function would. */
export async function startChild(task: ChildTask): Promise<ChildAnswer> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(task)], {
    maxBuffer: 2 ** 20,
  })
  return JSON.parse(stdout) as ChildAnswer
}
