import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Nearest, Scan } from './scan.js'

/** Changes whenever the same input would give another answer or another file. */
const FORMAT = 1
/** Hashes take their input in pieces: one call with more than 2 GB fails. */
const PIECE_BYTES = 2 ** 28

function bytesOf(values: Float32Array | Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** A name that tells apart every set of rows, queries, k and metric: SHA-256 of all of it. */
export function answerName({ vectors, queries, dimensions, k, metric }: Scan): string {
  const hash = createHash('sha256').update(
    JSON.stringify([FORMAT, vectors.length, queries.length, dimensions, k, metric]),
  )
  for (const bytes of [bytesOf(vectors), bytesOf(queries)]) {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) hash.update(bytes.subarray(at, at + PIECE_BYTES))
  }
  return `${hash.digest('hex')}.nearest`
}

/** The kept answer of `count` rows, or undefined: a file that is missing or cut short is no answer. */
export async function readAnswer(path: string, count: number): Promise<Nearest | undefined> {
  const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file?.length !== 12 * count) return undefined
  const bytes = new Uint8Array(file).buffer
  return { distances: new Float64Array(bytes, 0, count), ids: new Int32Array(bytes, 8 * count, count) }
}

/** Keeps an answer. It appears whole or not at all, so that two processes may write the same one. */
export async function writeAnswer(path: string, { ids, distances }: Nearest): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}`
  await writeFile(draft, Buffer.concat([bytesOf(distances), bytesOf(ids)]))
  await rename(draft, path)
}
