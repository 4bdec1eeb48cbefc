import { readText } from '../command/value.js'
import { cliError } from '../fault.js'

/**
 * The vector in a file: a JSON array of numbers, or `{ "embedding": [...] }`. What is in it, the database's model decides.
 *
 * @throws `CLI.FILE_NOT_FOUND`, `CLI.FILE_INVALID`
 */
export function readVector(path: string): number[] {
  const text = readText(path)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const vector = Array.isArray(value)
    ? value
    : (value as { embedding?: unknown } | undefined | null)?.embedding
  if (Array.isArray(vector) && vector.every((component) => typeof component === 'number')) return vector
  throw cliError(
    'CLI.FILE_INVALID',
    `The file ${path} holds no vector.`,
    'It must be a JSON array of numbers, or { "embedding": [...] }.',
  )
}
