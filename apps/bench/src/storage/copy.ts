import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Row } from '../dataset/row.js'
import { vectorBytes } from './vector-bytes.js'

export type ColumnType = 'text' | 'uuid' | 'jsonb' | 'int4' | 'bytea' | 'vector'

/** A column to fill, and what of a row goes there. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  value(row: Row): string | number | Buffer | Float32Array | object
}

/** The binary form of one value, as `COPY ... (format binary)` and binary parameters have it. */
function encode(type: ColumnType, value: ReturnType<Column['value']>): Buffer {
  switch (type) {
    case 'text':
      return Buffer.from(value as string)
    case 'uuid':
      return Buffer.from((value as string).replaceAll('-', ''), 'hex')
    case 'jsonb':
      return Buffer.from(`\u0001${JSON.stringify(value)}`)
    case 'int4': {
      const bytes = Buffer.allocUnsafe(4)
      bytes.writeInt32BE(value as number)
      return bytes
    }
    case 'bytea':
      return value as Buffer
    case 'vector':
      return vectorBytes(value as Float32Array)
  }
}

const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
const TRAILER = Buffer.from([0xff, 0xff])
const CHUNK_BYTES = 256 * 1024

function* encodeRows(rows: Iterable<Row>, columns: readonly Column[]): Generator<Buffer> {
  let parts: Buffer[] = [HEADER]
  let bytes = 0
  for (const row of rows) {
    const count = Buffer.allocUnsafe(2)
    count.writeInt16BE(columns.length)
    parts.push(count)
    for (const column of columns) {
      const value = encode(column.type, column.value(row))
      const length = Buffer.allocUnsafe(4)
      length.writeInt32BE(value.length)
      parts.push(length, value)
      bytes += value.length + 4
    }
    if (bytes < CHUNK_BYTES) continue
    yield Buffer.concat(parts)
    parts = []
    bytes = 0
  }
  parts.push(TRAILER)
  yield Buffer.concat(parts)
}

/** Binary COPY: the quickest way into a table on a server. */
export async function copyRows(
  client: pg.ClientBase,
  table: string,
  columns: readonly Column[],
  rows: Iterable<Row>,
): Promise<void> {
  const names = columns.map(({ name }) => name).join(', ')
  const stream = client.query(copyFrom(`copy ${table} (${names}) from stdin (format binary)`))
  await pipeline(Readable.from(encodeRows(rows, columns)), stream)
}

const ROWS_A_STATEMENT = 100

/** Many rows a statement: what is left where the connection cannot COPY. */
export async function insertRows(
  client: pg.ClientBase | pg.Pool,
  table: string,
  columns: readonly Column[],
  rows: Iterable<Row>,
): Promise<void> {
  const names = columns.map(({ name }) => name).join(', ')
  const insert = async (batch: readonly Row[]) => {
    const places = batch.map(
      (_, r) => `(${columns.map(({ type }, c) => `$${r * columns.length + c + 1}::${type}`).join(', ')})`,
    )
    const values = batch.flatMap((row) =>
      columns.map(({ type, value }) =>
        type === 'vector' ? vectorBytes(value(row) as Float32Array) : value(row),
      ),
    )
    await client.query(`insert into ${table} (${names}) values ${places.join(', ')}`, values)
  }
  let batch: Row[] = []
  for (const row of rows) {
    batch.push(row)
    if (batch.length < ROWS_A_STATEMENT) continue
    await insert(batch)
    batch = []
  }
  if (batch.length > 0) await insert(batch)
}
