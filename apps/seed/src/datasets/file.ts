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
}

interface Survey {
  readonly memories: number
  readonly users: number
  /** Undefined when the file has texts only. */
  readonly dimensions: number | undefined
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Reads all of it once before anything is stored: a file with an error on its last line leaves nothing behind. */
async function survey(path: string, read: () => AsyncIterable<FileMemory>): Promise<Survey> {
  const users = new Set<string>()
  const ids = new Set<string>()
  let memories = 0
  let dimensions: number | undefined
  for await (const { line, userId, id, embedding } of read()) {
    if (memories > 0 && (embedding === null) !== (dimensions === undefined)) {
      throw seedError(
        `${path}:${line}: ${embedding ? 'has an embedding where those before it have none' : 'has no embedding, unlike those before it'}.`,
        'Give every record an embedding, or none.',
      )
    }
    const key = `${userId}\0${id}`
    if (ids.has(key))
      throw seedError(`${path}:${line}: repeats an id of its user.`, 'Give each record its own.')
    dimensions ??= embedding?.length
    users.add(userId)
    ids.add(key)
    memories++
  }
  if (memories === 0) throw seedError(`${path} has no records.`, 'Give a file with some.')
  return { memories, users: users.size, dimensions }
}

async function* upTo<T>(items: AsyncIterable<T>, from: number, to: number): AsyncGenerator<T> {
  let place = 0
  for await (const item of items) {
    if (place >= to) return
    if (place >= from) yield item
    place++
  }
}

/** A JSONL or CSV file: its own embeddings, or those of the sentence encoder where it has none. */
export async function fileDataset({ path, map, memories, cacheDir }: FileSettings): Promise<Dataset> {
  const { mtime } = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw seedError(
      `There is no data set or file named ${path}.`,
      'Give synthetic, sotu, word-vectors, or a file.',
    )
  })
  const mapping = map === undefined ? {} : parseMapping(map)
  const limit = memories ?? Number.POSITIVE_INFINITY
  const read = (from = 0) => upTo(readMemoriesFile(path, { mapping }), from, limit)
  const found = await survey(path, read)
  const hash = await hashOf(path)
  // Records without a date get the file's: the same in every run.
  const finish = ({ line: _, embedding: __, ...row }: FileMemory): UnencodedRow => ({
    ...row,
    createdAt: row.createdAt ?? mtime,
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
    close: async () => encoder?.close(),
  }
}
