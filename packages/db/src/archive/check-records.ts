import type { z } from 'zod'
import type { ArchiveTable } from '../sql/archive-tables.js'
import { damaged, incomplete, unsupported } from './faults.js'
import {
  FORMAT,
  FORMAT_VERSION,
  type Footer,
  footerSchema,
  type Header,
  headerSchema,
  recordSchema,
  resumedSchema,
} from './format.js'
import { createOrderCheck } from './order.js'
import { isOurs, type Line, readLines } from './read-lines.js'
import { type Catalog, type RowSchemas, rowSchemas } from './row-schemas.js'

/** A row of an archive that may be stored. */
export interface ArchiveRecord {
  /** Where it stands. */
  readonly line: number
  readonly table: ArchiveTable
  /** The whole line: numbers and JSON in it are read by the database alone. */
  readonly text: string
  readonly row: Readonly<Record<string, unknown>>
  /** Single-precision floats, little-endian. */
  readonly vector: Buffer | undefined
}

function readHeader({ number, value }: Line): Header {
  const { format, version, funes } = value
  if (format !== FORMAT) {
    throw unsupported('The file is no archive of Funes.', 'Give a file that `archive.export` wrote.')
  }
  if (version !== FORMAT_VERSION) {
    throw unsupported(
      'The archive is of a format that this release does not read.',
      'Use the release of Funes that wrote it, or a newer one.',
      { version, funes, reads: FORMAT_VERSION },
    )
  }
  const header = headerSchema.safeParse(value)
  if (!header.success) throw damaged(number, 'shape', pathOf(header.error))
  return header.data
}

/** The member that is wrong, and never what it holds. */
function pathOf({ issues }: z.ZodError): { path: string } {
  const issue = issues[0]
  const path = issue?.path.slice(0, 2).join('.') ?? ''
  return { path: issue?.code === 'unrecognized_keys' ? `${path}+` : path }
}

function readRecord({ number, value, text }: Line, schemas: RowSchemas): ArchiveRecord {
  const record = recordSchema.safeParse(value)
  if (!record.success) throw damaged(number, 'shape', pathOf(record.error))
  const { table, row, vector } = record.data
  const checkedRow = schemas.get(table)?.safeParse(row)
  if (checkedRow === undefined) throw damaged(number, 'shape', { path: 'table' })
  if (!checkedRow.success) throw damaged(number, 'shape', pathOf(checkedRow.error))
  return {
    line: number,
    table,
    text,
    row,
    vector: vector === undefined ? undefined : Buffer.from(vector, 'base64'),
  }
}

function readResumed({ number, value }: Line): string {
  const resumed = resumedSchema.safeParse(value)
  if (!resumed.success) throw damaged(number, 'shape', pathOf(resumed.error))
  return resumed.data.resumed
}

function readFooter(
  { number, value, digestBefore }: Line,
  counts: Record<string, number>,
  moments: readonly string[],
): Footer {
  const footer = footerSchema.safeParse(value)
  if (!footer.success) throw damaged(number, 'shape', pathOf(footer.error))
  if (footer.data.sha256 !== digestBefore()) throw damaged(number, 'checksum', { path: 'sha256' })
  const stated: Record<string, number> = footer.data.counts
  const differs = [...new Set([...Object.keys(stated), ...Object.keys(counts)])].find(
    (table) => (stated[table] ?? 0) !== (counts[table] ?? 0),
  )
  if (differs !== undefined) throw damaged(number, 'count', { path: differs })
  if (moments.length > 1 && JSON.stringify(footer.data.moments) !== JSON.stringify(moments)) {
    throw damaged(number, 'count', { path: 'moments' })
  }
  return { ...footer.data, moments: [...moments] }
}

/**
 * The records of an archive, each checked by itself and against those before it. Returns, when it was read to its end,
 * what it says there.
 *
 * @param onHeader hears first what it says at its beginning
 * @throws `ARCHIVE.DAMAGED`, `ARCHIVE.INCOMPLETE`, `ARCHIVE.UNSUPPORTED`; what `chunks` throws
 */
export async function* readRecords(
  chunks: AsyncIterable<Buffer>,
  catalog: Catalog,
  onHeader: (header: Header) => void,
): AsyncGenerator<ArchiveRecord, Footer> {
  const order = createOrderCheck()
  const counts: Record<string, number> = {}
  let header: Header | undefined
  let schemas: RowSchemas = new Map()
  let footer: Footer | undefined
  let last = 0
  const moments: string[] = []
  const lines = readLines(chunks, (first) => {
    if (isOurs(first)) return
    throw unsupported('The file is no archive of Funes.', 'Give a file that `archive.export` wrote.')
  })
  for await (const line of lines) {
    last = line.number
    if (footer !== undefined) throw damaged(line.number, 'after-end')
    if (header === undefined) {
      header = readHeader(line)
      schemas = rowSchemas(header, catalog)
      moments.push(header.createdAt)
      onHeader(header)
    } else if ('end' in line.value) {
      footer = readFooter(line, counts, moments)
    } else if ('resumed' in line.value) {
      moments.push(readResumed(line))
    } else {
      const record = readRecord(line, schemas)
      order.check(record)
      counts[record.table] = (counts[record.table] ?? 0) + 1
      yield record
    }
  }
  if (footer === undefined) throw incomplete(last + 1)
  return footer
}
