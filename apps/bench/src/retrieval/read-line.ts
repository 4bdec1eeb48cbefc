import type { FileRecord } from '@funes/corpus/files'
import { datasetError } from './dataset-error.js'
import type { Question, Turn } from './labelled-set.js'
import type { Oddity, OddityKind } from './oddity.js'
import { readDate } from './read-date.js'

/** What memories and questions may have at most; more of a text is cut. */
const MAX_CONTENT = 100_000
const MAX_QUESTION = 20_000
const MAX_DIMENSIONS = 16_000

/** Halves and single precision hold vectors between these well; others are brought to length 1, which no cosine tells apart. */
const COMFORTABLE = { least: 1e-3, most: 1e4 }

type Note = (kind: OddityKind) => void

/** The reader of one line's fields, whose errors name file, line and field. */
function fieldsOf(path: string, { line, fields }: FileRecord, note: Note) {
  const refuse = (name: string, problem: string) =>
    datasetError('DATASET.LINE_INVALID', { path, line }, `${name} ${problem}`)
  const own = (name: string) => (Object.hasOwn(fields, name) ? fields[name] : undefined)

  function name(value: unknown): string | undefined {
    const text = typeof value === 'number' ? String(value) : value
    return typeof text === 'string' && text !== '' ? text : undefined
  }

  return {
    name(field: string): string {
      const value = name(own(field))
      if (value === undefined) throw refuse(field, 'is not a text of at least one character')
      return value
    },
    optionalName(field: string): string | null {
      const value = own(field)
      return value === undefined || value === null || value === '' ? null : this.name(field)
    },
    /** Null where it is there and blank. */
    text(field: string, maximum: number): string | null {
      const value = own(field)
      if (value === undefined || !['string', 'number', 'object'].includes(typeof value)) {
        throw refuse(field, 'is not a text')
      }
      if (typeof value === 'object' && value !== null) throw refuse(field, 'is not a text')
      // What PostgreSQL or UTF-8 cannot hold.
      const text = String(value ?? '')
        .replaceAll('\0', ' ')
        .toWellFormed()
      if (text.trim() === '') return null
      if (text.length <= maximum) return text
      note('cutTexts')
      return text.slice(0, maximum).toWellFormed()
    },
    date(field: string): Date {
      const date = readDate(own(field))
      if (date === undefined) throw refuse(field, 'is neither an ISO 8601 date nor milliseconds since 1970')
      return date
    },
    /** One id or a list of them, each once; none where it is empty, or not there. */
    names(field: string): string[] {
      const value = own(field) ?? []
      const given = (Array.isArray(value) ? value : [value]).filter((one) => one !== null && one !== '')
      const names = given.map(name)
      if (names.includes(undefined)) throw refuse(field, 'is not an array of ids')
      return [...new Set(names as string[])]
    },
    vector(field: string): Float32Array | null {
      const value = own(field)
      if (value === undefined || value === null) return null
      if (!Array.isArray(value) || !value.every((x) => typeof x === 'number')) {
        throw refuse(field, 'is not an array of numbers')
      }
      const components = value as number[]
      const largest = components.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
      if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) {
        throw refuse(field, 'is empty, all zero, or has a component that is no finite number')
      }
      if (components.length > MAX_DIMENSIONS)
        throw refuse(field, `has more than ${MAX_DIMENSIONS} dimensions`)
      if (largest >= COMFORTABLE.least && largest <= COMFORTABLE.most) return Float32Array.from(components)
      const length = Math.sqrt(components.reduce((sum, x) => sum + (x / largest) ** 2, 0))
      return Float32Array.from(components, (x) => x / largest / length)
    },
  }
}

const noteAt = (oddities: Oddity[], path: string, line: number) => (kind: OddityKind) =>
  void oddities.push({ kind, path, line })

/**
 * @param oddities is told what was left out or cut
 * @returns null where there is no text, so nothing to remember
 * @throws `DATASET.LINE_INVALID`
 */
export function readTurn(path: string, record: FileRecord, oddities: Oddity[]): Turn | null {
  const note = noteAt(oddities, path, record.line)
  const fields = fieldsOf(path, record, note)
  const keys = { userId: fields.name('userId'), sessionId: fields.optionalName('sessionId') }
  const id = fields.name('id')
  const content = fields.text('content', MAX_CONTENT)
  if (content !== null) {
    return {
      ...keys,
      id,
      content,
      createdAt: fields.date('createdAt'),
      embedding: fields.vector('embedding'),
    }
  }
  note('turnsWithoutText')
  return null
}

/**
 * @param oddities is told what was left out or cut
 * @returns null where there is nothing to ask, or no evidence to hold answers against
 * @throws `DATASET.LINE_INVALID`
 */
export function readQuestion(path: string, record: FileRecord, oddities: Oddity[]): Question | null {
  const note = noteAt(oddities, path, record.line)
  const fields = fieldsOf(path, record, note)
  const userId = fields.name('userId')
  const evidence = fields.names('evidence')
  const text = fields.text('text', MAX_QUESTION)
  if (text !== null && evidence.length > 0) {
    return { userId, text, embedding: fields.vector('embedding'), evidence }
  }
  note(text === null ? 'questionsWithoutText' : 'questionsWithoutEvidence')
  return null
}
