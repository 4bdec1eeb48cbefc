/** Each reads one kind of value and answers undefined where it is none. */

/** What a text column can hold as it is: no U+0000, and no half of a surrogate pair, which has no UTF-8 form. */
const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')

const MAX_NAME = 512

export function readName(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && text.trim() !== '' && text.length <= MAX_NAME && isStorable(text)
    ? text
    : undefined
}

const MAX_TEXT = 100_000

export function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' && value.length <= MAX_TEXT && isStorable(value)
    ? value
    : undefined
}

export function readNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

const EARLIEST = Date.parse('0001-01-01T00:00:00Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/** A date with or without a time, and that with or without an offset. */
const ISO =
  /^(?<day>\d{4}-\d{2}(?:-\d{2})?)(?:[T ](?<time>\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?) ?(?:Z|(?<hours>[+-]\d{2}):?(?<minutes>\d{2})?)?)?$/i

/** Digits that stand for milliseconds: fewer would be of 1973 and before, and are likelier a year, a date or seconds. */
const MILLISECONDS = /^\d{12,15}$/

const NONE = new Date(Number.NaN)

/** A time without an offset is of UTC: the same file means the same wherever it is read. */
function fromIso(text: string): Date {
  const { day, time, hours, minutes = '00' } = ISO.exec(text)?.groups ?? {}
  if (day === undefined) return NONE
  const midnight = new Date(day)
  // What the calendar does not have would be taken for a day of the next month.
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return NONE
  if (time === undefined) return midnight
  return new Date(
    `${midnight.toISOString().slice(0, 11)}${time.replace(',', '.')}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`,
  )
}

/** What a text or a number says; an invalid date where it says none. */
function meant(value: unknown): Date {
  if (typeof value === 'number') return new Date(value)
  if (typeof value !== 'string') return NONE
  const text = value.trim()
  return MILLISECONDS.test(text) ? new Date(Number(text)) : fromIso(text)
}

/**
 * An ISO 8601 text, of UTC where it says no offset, or milliseconds since 1970 as a number or as 12 to 15 digits; of the
 * years 1 to 9999.
 */
export function readDate(value: unknown): Date | undefined {
  const date = meant(value)
  // Not a number is not within them either.
  return date.getTime() >= EARLIEST && date.getTime() <= LATEST ? date : undefined
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

const MAX_DEPTH = 100

/** Whether JSON of this value can be stored and comes back the same: 100 levels at most, no `__proto__`. */
export function isStorableJson(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return isStorable(value)
  // JSON.parse makes infinity of 1e999.
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  if (depth >= MAX_DEPTH) return false
  if (Array.isArray(value)) return value.every((item) => isStorableJson(item, depth + 1))
  return Object.entries(value).every(
    ([key, item]) => key !== '__proto__' && isStorable(key) && isStorableJson(item, depth + 1),
  )
}

/** An object, or the JSON text of one, as CSV has it. */
export function readObject(value: unknown): Record<string, unknown> | undefined {
  const object = parsed(value)
  return typeof object === 'object' && object !== null && !Array.isArray(object)
    ? (object as Record<string, unknown>)
    : undefined
}

/**
 * An array of numbers, or its JSON text, which is pgvector's text form too. Finite, and not all zero; nor may the sum
 * of squares overflow or vanish in single precision, in which pgvector has it.
 */
export function readVector(value: unknown): Float32Array | undefined {
  const array = parsed(value)
  if (!Array.isArray(array) || array.length === 0 || !array.every((x) => typeof x === 'number'))
    return undefined
  const vector = Float32Array.from(array as number[])
  const squares = Math.fround(vector.reduce((sum, x) => sum + x * x, 0))
  return Number.isFinite(squares) && squares > 0 ? vector : undefined
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function readUuid(value: unknown): string | undefined {
  return typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined
}
