import type { FileRecord } from '@funes/corpus/files'
import { type DatasetError, datasetError } from './dataset-error.js'
import type { Question, Turn } from './labelled-set.js'

function invalid(path: string, line: number, problem: string): DatasetError {
  return datasetError('DATASET.LINE_INVALID', { path, line }, problem)
}

/** The reader of one line's fields, whose errors name file, line and field. */
function fieldsOf(path: string, { line, fields }: FileRecord) {
  const refuse = (name: string, problem: string) => invalid(path, line, `${name} ${problem}`)

  function name(value: unknown): string | undefined {
    const text = typeof value === 'number' ? String(value) : value
    return typeof text === 'string' && text !== '' ? text : undefined
  }

  return {
    name(field: string): string {
      const value = name(fields[field])
      if (value === undefined) throw refuse(field, 'is not a text of at least one character')
      return value
    },
    optionalName(field: string): string | null {
      return fields[field] === undefined || fields[field] === null ? null : this.name(field)
    },
    text(field: string): string {
      const value = fields[field]
      if (typeof value !== 'string' || value.trim() === '') throw refuse(field, 'is not a text, or empty')
      return value
    },
    date(field: string): Date {
      const value = fields[field]
      const isDate = typeof value === 'number' || (typeof value === 'string' && /^\d{4}-\d{2}/.test(value))
      const date = new Date(isDate ? (value as string | number) : Number.NaN)
      if (Number.isNaN(date.getTime())) throw refuse(field, 'is neither an ISO 8601 date nor milliseconds')
      return date
    },
    names(field: string): string[] {
      const value = fields[field]
      const names = Array.isArray(value) ? value.map(name) : []
      if (names.length === 0 || names.includes(undefined)) {
        throw refuse(field, 'is not an array of at least one id')
      }
      return [...new Set(names as string[])]
    },
    vector(field: string): Float32Array | null {
      const value = fields[field]
      if (value === undefined || value === null) return null
      if (!Array.isArray(value) || !value.every((x) => typeof x === 'number')) {
        throw refuse(field, 'is not an array of numbers')
      }
      const vector = Float32Array.from(value as number[])
      if (!vector.every(Number.isFinite) || !vector.some((x) => x !== 0)) {
        throw refuse(field, 'is empty, all zero, or has a component that no float4 can hold')
      }
      return vector
    },
  }
}

/** @throws `DATASET.LINE_INVALID` */
export function readTurn(path: string, record: FileRecord): Turn {
  const fields = fieldsOf(path, record)
  return {
    userId: fields.name('userId'),
    sessionId: fields.optionalName('sessionId'),
    id: fields.name('id'),
    content: fields.text('content'),
    createdAt: fields.date('createdAt'),
    embedding: fields.vector('embedding'),
  }
}

/** @throws `DATASET.LINE_INVALID` */
export function readQuestion(path: string, record: FileRecord): Question {
  const fields = fieldsOf(path, record)
  return {
    userId: fields.name('userId'),
    text: fields.text('text'),
    embedding: fields.vector('embedding'),
    evidence: fields.names('evidence'),
  }
}
