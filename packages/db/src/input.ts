import { z } from 'zod'
import { funesError } from './errors/funes-error.js'

/** Text that PostgreSQL can store. */
const NUL = '\u0000'

function findNul(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return value.includes(NUL) ? path : undefined
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      if (typeof item === 'number') continue
      const found = findNul(item, `${path}[${i}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Date)
    return undefined
  for (const [key, item] of Object.entries(value)) {
    if (key.includes(NUL)) return path
    const found = findNul(item, path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

/** Keys inside metadata are somebody's data: an error names the option only. */
function publicPath(path: readonly PropertyKey[]): string {
  return (path[0] === 'metadata' ? path.slice(0, 1) : path).join('.')
}

/**
 * Checks what a caller gave against `schema`. No message repeats the value: it may be somebody's memory.
 *
 * @throws `INPUT.INVALID` naming the path, `INPUT.NUL_CHARACTER`
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  try {
    return parse(schema, value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // Descending into it took more stack than there is.
    throw funesError('INPUT.INVALID', 'argument: is nested too deeply, or contains itself.', {
      fix: 'Flatten the value.',
      meta: { path: 'argument' },
    })
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const path = publicPath(issue?.path ?? []) || 'argument'
    const unknownKeys = issue?.code === 'unrecognized_keys' ? ` (${issue.keys.join(', ')})` : ''
    const reason =
      issue?.code === 'unrecognized_keys' ? 'has an unknown option' : (issue?.message ?? 'invalid')
    throw funesError('INPUT.INVALID', `${path}: ${reason}${unknownKeys}.`, {
      fix: 'Correct the argument that `meta.path` names.',
      meta: { path },
    })
  }
  const nul = findNul(parsed.data, '')
  if (nul !== undefined) {
    const path = publicPath(nul.split('.')) || 'argument'
    throw funesError('INPUT.NUL_CHARACTER', `${path} holds the character U+0000.`, {
      fix: 'Remove NUL characters: PostgreSQL has no way to store them in text.',
      meta: { path },
    })
  }
  return parsed.data
}

/** The id of a user or session: any text of 1 to 512 characters. */
export const idText = z
  .string()
  .min(1, 'must not be empty')
  .max(512, 'must have at most 512 characters')
  .refine((value) => value.isWellFormed(), 'must be well-formed Unicode')

export const uuid = z.guid('must be a UUID').transform((value) => value.toLowerCase())

/** A plain JSON object: what JSON.stringify drops or alters is refused rather than lost. */
export const jsonObject = z.record(z.string(), z.json(), 'must be a plain JSON object')

export const date = z.date('must be a valid Date')
