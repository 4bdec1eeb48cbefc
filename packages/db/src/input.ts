import { z } from 'zod'
import { funesError } from './errors/funes-error.js'

const NUL = '\u0000'

/** What makes a value unfit to be stored, and where. */
interface Unfit {
  path: string
  reason: 'NUL' | 'surrogate' | 'prototype'
}

function unfitText(text: string, path: string): Unfit | undefined {
  if (text.includes(NUL)) return { path, reason: 'NUL' }
  // Half of a surrogate pair has no UTF-8 form: PostgreSQL refuses it, or another character would be stored.
  return text.isWellFormed() ? undefined : { path, reason: 'surrogate' }
}

/** Looks through what a caller gave, keys included, for what no database column can hold as it is. */
function findUnfit(value: unknown, path: string): Unfit | undefined {
  if (typeof value === 'string') return unfitText(value, path)
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      if (typeof item === 'number') continue
      const found = findUnfit(item, `${path}[${i}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Date)
    return undefined
  for (const [key, item] of Object.entries(value)) {
    // Copying such a key would set a prototype and lose it.
    if (key === '__proto__') return { path, reason: 'prototype' }
    const found = unfitText(key, path) ?? findUnfit(item, path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

/** Keys inside metadata are somebody's data: an error names the option only. */
function publicPath(path: readonly PropertyKey[]): string {
  return (path.includes('metadata') ? path.slice(0, path.indexOf('metadata') + 1) : path).join('.')
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
  const unfit = findUnfit(value, '')
  if (unfit !== undefined) throw unfitError(unfit)
  return parsed.data
}

function unfitError({ path: at, reason }: Unfit) {
  const path = publicPath(at.split('.')) || 'argument'
  if (reason === 'NUL') {
    return funesError('INPUT.NUL_CHARACTER', `${path} holds the character U+0000.`, {
      fix: 'Remove NUL characters: PostgreSQL has no way to store them in text.',
      meta: { path },
    })
  }
  const [what, fix] =
    reason === 'surrogate'
      ? [
          'half of a surrogate pair',
          'Cut text between characters and not inside of them, or use `toWellFormed()`.',
        ]
      : ['the key __proto__', 'Use another key.']
  return funesError('INPUT.INVALID', `${path}: holds ${what}.`, { fix, meta: { path } })
}

/** The id of a user or session: any text of 1 to 512 characters. */
export const idText = z.string().min(1, 'must not be empty').max(512, 'must have at most 512 characters')

export const uuid = z.guid('must be a UUID').transform((value) => value.toLowerCase())

/** As `z.json()`, which says no more of what it refuses than that it is invalid. */
const json: z.ZodType<z.core.util.JSONType> = z.lazy(() =>
  z.union(
    [z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)],
    'must hold only texts, finite numbers, booleans, null, lists and plain objects',
  ),
)

/** A plain JSON object: what JSON.stringify drops or alters is refused rather than lost. */
export const jsonObject = z.record(z.string(), json, 'must be a plain JSON object')

/** Years 1 to 9999: what PostgreSQL, its client and JSON all write alike. */
export const date = z
  .date('must be a valid Date')
  .min(new Date('0001-01-01T00:00:00Z'), 'must not be before the year 1')
  .max(new Date('9999-12-31T23:59:59.999Z'), 'must not be after the year 9999')
