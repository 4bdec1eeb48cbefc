/** Each reads one kind of value and answers undefined where it is none. */

export function readName(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && text !== '' ? text : undefined
}

export function readNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** An ISO 8601 text, or milliseconds since 1970. */
export function readDate(value: unknown): Date | undefined {
  const milliseconds = readNumber(value)
  if (milliseconds === undefined && (typeof value !== 'string' || !/^\d{4}-\d{2}/.test(value)))
    return undefined
  const date = new Date(milliseconds ?? (value as string))
  return Number.isNaN(date.getTime()) ? undefined : date
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

/** An object, or the JSON text of one, as CSV has it. */
export function readObject(value: unknown): Record<string, unknown> | undefined {
  const object = parsed(value)
  return typeof object === 'object' && object !== null && !Array.isArray(object)
    ? (object as Record<string, unknown>)
    : undefined
}

/** An array of numbers, or its JSON text, which is pgvector's text form too. Finite, and not all zero. */
export function readVector(value: unknown): Float32Array | undefined {
  const array = parsed(value)
  if (!Array.isArray(array) || array.length === 0 || !array.every((x) => typeof x === 'number'))
    return undefined
  const vector = Float32Array.from(array as number[])
  return vector.every(Number.isFinite) && vector.some((x) => x !== 0) ? vector : undefined
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function readUuid(value: unknown): string | undefined {
  return typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined
}
