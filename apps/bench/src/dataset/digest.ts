import { createHash } from 'node:crypto'
import type { Query, Row } from './row.js'

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** SHA-256 of rows with all that they are found by, and of queries. */
export function digestOf(rows: Iterable<Row>, queries: readonly Query[]): string {
  const hash = createHash('sha256')
  for (const { vector, ...row } of rows) hash.update(JSON.stringify(row)).update(bytesOf(vector))
  for (const { text, vector } of queries) hash.update(text).update(bytesOf(vector))
  return hash.digest('hex')
}
