import { SOURCES, type Source } from '../synthetic/text.js'
import { type FileError, fileError } from './file-error.js'
import { FIELDS, type Field, type Mapping } from './mapping.js'
import type { FileRecord } from './record.js'
import { rowId } from './row-id.js'
import {
  isStorableJson,
  readDate,
  readName,
  readNumber,
  readObject,
  readText,
  readUuid,
  readVector,
} from './values.js'

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
  /** Records to read; all of them unless given. */
  limit?: number
}

export interface Mapper {
  /** @throws `FILE.INVALID` naming line and field */
  toMemory(record: FileRecord): FileMemory
  /** Fields that `mapping` names and no record so far had. */
  unseen(): string[]
}

const NAME = 'a name (1 to 512 characters, not only spaces, nothing that UTF-8 or PostgreSQL cannot hold)'
const TEXT = 'a text (1 to 100,000 characters, not only spaces, nothing that UTF-8 or PostgreSQL cannot hold)'
const VECTOR = 'an array of finite numbers whose squares add up to neither zero nor infinity'
const DATE =
  'a date (ISO 8601, of UTC unless it has an offset, or milliseconds since 1970) of the years 1 to 9999'
const UNSTORABLE =
  'holds what cannot be stored: U+0000, half of a surrogate pair, the key __proto__, an infinite number, or more than 100 levels'

/** A B-tree entry takes 2,704 bytes, of which its other columns have some. */
const MAX_SESSION_KEY_BYTES = 2600

const readSource = (value: unknown) => SOURCES.find((source) => source === value)
const readImportance = (value: unknown) => {
  const number = readNumber(value)
  return number !== undefined && number >= 0 && number <= 1 ? number : undefined
}

/**
 * Makes what gives a record's fields their meaning. Fields that the mapping does not use become metadata, unless the
 * record has metadata of its own.
 */
export function createMapper(path: string, options: MappingOptions): Mapper {
  const column = (field: Field) => options.mapping?.[field] ?? field
  const used = new Set(FIELDS.map(column))
  const unseen = new Set(Object.values(options.mapping ?? {}))
  let dimensions = options.dimensions

  function toMemory({ line, fields }: FileRecord): FileMemory {
    const failure = (field: Field, problem: string): FileError =>
      fileError(path, line, `${JSON.stringify(column(field))} ${problem}`)

    for (const name of unseen) if (Object.hasOwn(fields, name)) unseen.delete(name)

    function optional<T>(field: Field, read: (value: unknown) => T | undefined, kind: string): T | null {
      const name = column(field)
      const value = Object.hasOwn(fields, name) ? fields[name] : undefined
      if (value === undefined || value === null) return null
      const meant = read(value)
      if (meant === undefined) throw failure(field, `is not ${kind}`)
      return meant
    }

    const userId = optional('userId', readName, NAME) ?? options.defaultUserId
    if (userId === undefined) throw failure('userId', 'is missing')
    const content = optional('content', readText, TEXT)
    if (content === null) throw failure('content', 'is missing')
    const embedding = optional('embedding', readVector, VECTOR)
    if (embedding !== null) {
      dimensions ??= embedding.length
      if (embedding.length !== dimensions) {
        throw failure('embedding', `has ${embedding.length} dimensions, not ${dimensions}`)
      }
    }
    const sessionId = optional('sessionId', readName, NAME)
    if (
      sessionId !== null &&
      Buffer.byteLength(userId) + Buffer.byteLength(sessionId) > MAX_SESSION_KEY_BYTES
    ) {
      throw failure('sessionId', `takes more than ${MAX_SESSION_KEY_BYTES} bytes together with its user`)
    }
    const others = Object.fromEntries(Object.entries(fields).filter(([name]) => !used.has(name)))
    const own = optional('metadata', readObject, 'a JSON object')
    if (!isStorableJson(own ?? others)) {
      const what =
        own === null ? 'one of the fields that become metadata' : JSON.stringify(column('metadata'))
      throw fileError(path, line, `${what} ${UNSTORABLE}`)
    }
    return {
      line,
      userId,
      content,
      embedding,
      id: optional('id', readUuid, 'a UUID') ?? rowId(line, userId, content),
      sessionId,
      source: optional('source', readSource, `one of ${SOURCES.join(', ')}`) ?? 'document',
      importance: optional('importance', readImportance, 'a number from 0 to 1') ?? 0.5,
      metadata: own ?? others,
      createdAt: optional('createdAt', readDate, DATE),
    }
  }

  return { toMemory, unseen: () => [...unseen] }
}
