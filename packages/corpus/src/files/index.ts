import { extname } from 'node:path'
import { readCsv } from './csv.js'
import { createMapper, type FileMemory, type MappingOptions } from './file-memories.js'
import { readJsonLines } from './jsonl.js'

export type { FileError } from './file-error.js'
export type { FileMemory, MappingOptions } from './file-memories.js'
export { readJsonLines } from './jsonl.js'
export { type Field, type Mapping, parseMapping } from './mapping.js'
export type { FileRecord } from './record.js'

const READERS = { '.jsonl': readJsonLines, '.ndjson': readJsonLines, '.csv': readCsv } as const

/**
 * Streams the memories of a JSONL (`.jsonl`, `.ndjson`) or CSV (`.csv`) file: never more of it in memory than a
 * record.
 *
 * @throws RangeError on another kind of file, and after the last record on a mapped field that none has; `FILE.INVALID` naming the line; what the file system throws
 * @example
 * const mapping = { userId: 'author', content: 'body' }
 * for await (const memory of readMemoriesFile('notes.csv', { mapping })) await write(memory)
 */
export async function* readMemoriesFile(
  path: string,
  options: MappingOptions = {},
): AsyncGenerator<FileMemory, void, undefined> {
  const kind = extname(path).toLowerCase()
  if (!Object.hasOwn(READERS, kind)) {
    throw new RangeError(`${path} is none of ${Object.keys(READERS).join(', ')}`)
  }
  const { toMemory, unseen } = createMapper(path, options)
  const { limit = Number.POSITIVE_INFINITY } = options
  let read = 0
  for await (const record of READERS[kind as keyof typeof READERS](path)) {
    if (read++ >= limit) break
    yield toMemory(record)
  }
  const [missing] = unseen()
  if (read > 0 && missing !== undefined) {
    throw new RangeError(
      `${path}: no record has the field ${JSON.stringify(missing)}, which the mapping names`,
    )
  }
}
