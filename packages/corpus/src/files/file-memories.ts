import { SOURCES, type Source } from '../synthetic/text.js'
import { type FileError, fileError } from './file-error.js'
import { FIELDS, type Field, type Mapping } from './mapping.js'
import type { FileRecord } from './record.js'
import { rowId } from './row-id.js'
import { readDate, readName, readNumber, readObject, readUuid, readVector } from './values.js'

/** One memory out of a file. */
export interface FileMemory {
  /** Where its record begins, counted from 1. */
  readonly line: number
  readonly userId: string
  readonly id: string
  readonly content: string
  readonly sessionId: string | null
  readonly source: Source
  readonly importance: number
  readonly metadata: Record<string, unknown>
  readonly createdAt: Date | null
  readonly embedding: Float32Array | null
}

export interface MappingOptions {
  mapping?: Mapping
  /** The user of records that name none. */
  defaultUserId?: string
  /** Components that every embedding must have; unless given, as many as the first one has. */
  dimensions?: number
}

const readSource = (value: unknown) => SOURCES.find((source) => source === value)
const readText = (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' && value.isWellFormed() && !value.includes('\0')
    ? value
    : undefined
const readImportance = (value: unknown) => {
  const number = readNumber(value)
  return number !== undefined && number >= 0 && number <= 1 ? number : undefined
}

/**
 * Makes the function that gives a record's fields their meaning. Fields that the mapping does not use become
 * metadata, unless the record has metadata of its own.
 *
 * @throws `FILE.INVALID` from the function, naming line and field
 */
export function createMapper(path: string, options: MappingOptions): (record: FileRecord) => FileMemory {
  const column = (field: Field) => options.mapping?.[field] ?? field
  const used = new Set(FIELDS.map(column))
  let dimensions = options.dimensions

  return function toMemory({ line, fields }) {
    const failure = (field: Field, problem: string): FileError =>
      fileError(path, line, `${JSON.stringify(column(field))} ${problem}`)

    function optional<T>(field: Field, read: (value: unknown) => T | undefined, kind: string): T | null {
      const value = fields[column(field)]
      if (value === undefined || value === null) return null
      const meant = read(value)
      if (meant === undefined) throw failure(field, `is not ${kind}`)
      return meant
    }

    const userId = optional('userId', readName, 'a name') ?? options.defaultUserId
    if (userId === undefined) throw failure('userId', 'is missing')
    const content = optional('content', readText, 'a text')
    if (content === null) throw failure('content', 'is missing')
    const embedding = optional('embedding', readVector, 'an array of finite numbers that are not all zero')
    if (embedding !== null) {
      dimensions ??= embedding.length
      if (embedding.length !== dimensions) {
        throw failure('embedding', `has ${embedding.length} dimensions, not ${dimensions}`)
      }
    }
    const others = Object.fromEntries(Object.entries(fields).filter(([name]) => !used.has(name)))
    return {
      line,
      userId,
      content,
      embedding,
      id: optional('id', readUuid, 'a UUID') ?? rowId(line, userId, content),
      sessionId: optional('sessionId', readName, 'a name'),
      source: optional('source', readSource, `one of ${SOURCES.join(', ')}`) ?? 'document',
      importance: optional('importance', readImportance, 'a number from 0 to 1') ?? 0.5,
      metadata: optional('metadata', readObject, 'a JSON object') ?? others,
      createdAt: optional('createdAt', readDate, 'a date (ISO 8601, or milliseconds since 1970)'),
    }
  }
}
