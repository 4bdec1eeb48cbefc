import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type FileMemory, parseMapping, readMemoriesFile } from '@funes/corpus/files'
import { seedError } from '../seed-error.js'
import type { Dataset, SeedRow } from './dataset.js'
import { createRowEncoder, type UnencodedRow } from './encode-rows.js'

export interface FileSettings {
  path: string
  map: string | undefined
  memories: number | undefined
  cacheDir: string
  /** Ends the reading before anything is stored. */
  signal: AbortSignal
}

interface Survey {
  readonly memories: number
  readonly users: number
  /** Undefined when the file has texts only. */
  readonly dimensions: number | undefined
  /** Where each record begins. */
  readonly lines: readonly number[]
}

/** The date of records without one. Not the file's: that is another after `touch`, and the rows are the same. */
const UNDATED = new Date(Date.UTC(2025, 0, 1))

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}

/** Within half precision, in which a server's vector indexes are: beyond it they cannot be built, below they miss rows. */
const COMPONENTS = { least: 1e-4, most: 65_504 }

function isIndexable(embedding: Float32Array): boolean {
  const largest = embedding.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return largest >= COMPONENTS.least && largest <= COMPONENTS.most
}

/** Reads all of it once before anything is stored: a file with an error on its last line leaves nothing behind. */
async function survey(
  path: string,
  read: () => AsyncIterable<FileMemory>,
  signal: AbortSignal,
): Promise<Survey> {
  const users = new Set<string>()
  const ids = new Set<string>()
  const lines: number[] = []
  let dimensions: number | undefined
  for await (const { line, userId, id, embedding } of read()) {
    signal.throwIfAborted()
    if (lines.length > 0 && (embedding === null) !== (dimensions === undefined)) {
      throw seedError(
        `${path}:${line}: ${embedding ? 'has an embedding where those before it have none' : 'has no embedding, unlike those before it'}.`,
        'Give every record an embedding, or none.',
      )
    }
    if (embedding !== null && !isIndexable(embedding)) {
      throw seedError(
        `${path}:${line}: has an embedding whose largest component is not between ${COMPONENTS.least} and ${COMPONENTS.most}.`,
        'Scale it: a length of 1 is usual, and the cosine stays the same.',
      )
    }
    const key = `${userId}\0${id}`
    if (ids.has(key))
      throw seedError(`${path}:${line}: repeats an id of its user.`, 'Give each record its own.')
    dimensions ??= embedding?.length
    users.add(userId)
    ids.add(key)
    lines.push(line)
  }
  if (lines.length === 0) throw seedError(`${path} has no records.`, 'Give a file with some.')
  return { memories: lines.length, users: users.size, dimensions, lines }
}

async function* after<T>(items: AsyncIterable<T>, from: number): AsyncGenerator<T> {
  let place = 0
  for await (const item of items) {
    if (place >= from) yield item
    place++
  }
}

/** A JSONL or CSV file: its own embeddings, or those of the sentence encoder where it has none. */
export async function fileDataset(settings: FileSettings): Promise<Dataset> {
  const { path, map, memories, cacheDir, signal } = settings
  await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw seedError(
      `There is no data set or file named ${path}.`,
      'Give synthetic, sotu, word-vectors, or a file.',
    )
  })
  const mapping = map === undefined ? {} : parseMapping(map)
  const limit = memories === undefined ? {} : { limit: memories }
  const read = (from = 0) => after(readMemoriesFile(path, { mapping, ...limit }), from)
  const found = await survey(path, read, signal)
  const hash = await hashOf(path, signal)
  const finish = ({ line: _, embedding: __, ...row }: FileMemory): UnencodedRow => ({
    ...row,
    createdAt: row.createdAt ?? UNDATED,
  })
  const encoder = found.dimensions === undefined ? createRowEncoder(cacheDir) : undefined
  const dimensions = encoder?.dimensions ?? (found.dimensions as number)

  async function* unencoded(from: number): AsyncGenerator<UnencodedRow> {
    for await (const memory of read(from)) yield finish(memory)
  }
  async function* encoded(from: number): AsyncGenerator<SeedRow> {
    for await (const memory of read(from))
      yield { ...finish(memory), embedding: memory.embedding as Float32Array }
  }
  return {
    title: `${basename(path)}: ${found.memories} records of ${found.users} users, ${dimensions} dimensions`,
    identity: { dataset: 'file', hash, mapping, memories: found.memories },
    model: encoder?.model ?? `file-${hash.slice(0, 12)}`,
    dimensions,
    memories: found.memories,
    users: found.users,
    rows: (from, signal) => (encoder ? encoder.encode(unencoded(from), signal) : encoded(from)),
    origin: (place) => `${path}:${found.lines[place]}`,
    close: async () => encoder?.close(),
  }
}
