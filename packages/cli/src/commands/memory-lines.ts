import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { AddMemory } from '@funes/db'
import { cliError } from '../fault.js'
import type { Session } from '../session.js'

const TIMES = ['createdAt', 'expiresAt'] as const

/** JSON has no times: in these two fields a text is one. What else is wrong with a memory, `addMany` says. */
function memoryOf(line: string, number: number, withoutVector: boolean): AddMemory {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw cliError('CLI.FILE_INVALID', `Line ${number} is not a JSON object.`, 'Write one memory a line.')
  }
  const memory = { ...value } as Record<string, unknown>
  for (const key of TIMES) {
    if (typeof memory[key] === 'string') memory[key] = new Date(memory[key])
  }
  if (withoutVector && memory.embedding === undefined) memory.embedding = null
  return memory as unknown as AddMemory
}

/**
 * Reads memories from a JSONL file, or from stdin where `path` is `-`, one at a time.
 *
 * @throws `CLI.FILE_NOT_FOUND`, `CLI.FILE_INVALID` naming the line
 */
export async function* readMemories(
  path: string,
  { io, signal }: Session,
  withoutVector: boolean,
): AsyncGenerator<AddMemory> {
  const input = path === '-' ? io.stdin : createReadStream(path)
  let failure: NodeJS.ErrnoException | undefined
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  // readline does not hand on what goes wrong in its input.
  input.once('error', (error: NodeJS.ErrnoException) => {
    failure = error
    lines.close()
  })
  signal.addEventListener('abort', () => lines.close())
  let number = 0
  for await (const line of lines) {
    signal.throwIfAborted()
    number += 1
    if (line.trim() !== '') yield memoryOf(line, number, withoutVector)
  }
  signal.throwIfAborted()
  if (failure !== undefined) {
    const message = `The file ${path} cannot be read (${failure.code}).`
    throw cliError('CLI.FILE_NOT_FOUND', message, 'Check the path.', failure)
  }
}

/** Hands memories on, and counts them. */
export function countedBy(memories: AsyncIterable<AddMemory>) {
  const counted = { read: 0 }
  async function* counting(): AsyncGenerator<AddMemory> {
    for await (const memory of memories) {
      counted.read += 1
      yield memory
    }
  }
  return Object.assign(counted, { memories: counting() })
}
