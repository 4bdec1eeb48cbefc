import { readFileSync } from 'node:fs'
import { cliError, usageError } from '../fault.js'
import type { OptionSpec } from './command.js'

const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/

function readNumber(name: string, { type, min, max }: OptionSpec, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  const isRight = type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value)
  if (isRight && value >= (min ?? value) && value <= (max ?? value)) return value
  const fix =
    isRight && (min ?? max) !== undefined
      ? `Give ${min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : `one from ${min} to ${max}`}.`
      : `Write it as --${name}=<number>.`
  const bounds = [min !== undefined && `${min} or more`, max !== undefined && `${max} or less`].filter(
    Boolean,
  )
  throw usageError(
    `--${name} must be ${type === 'integer' ? 'a whole number' : 'a number'}${bounds.length > 0 ? `, ${bounds.join(' and ')}` : ''}.`,
    fix,
  )
}

const SPAN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function readSpan(name: string, text: string): number {
  const [, count, unit = ''] = SPAN.exec(text) ?? []
  const each = UNIT_MS[unit]
  if (each !== undefined) return Number(count) * each
  throw usageError(`--${name} is not a span of time.`, 'Write it as 90s, 30m, 12h or 30d.')
}

/**
 * The text of a file that the command line names; `-` is stdin.
 *
 * @throws `CLI.FILE_NOT_FOUND`
 */
export function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw cliError(
      'CLI.FILE_NOT_FOUND',
      `The file ${path} cannot be read (${code}).`,
      'Check the path.',
      error,
    )
  }
}

/**
 * JSON as it stands on the command line, or in the file that `@file` names.
 *
 * @throws `CLI.USAGE`, `CLI.FILE_NOT_FOUND`
 */
function readJson(name: string, text: string): unknown {
  const json = text.startsWith('@') ? readText(text.slice(1)) : text
  try {
    return JSON.parse(json)
  } catch {
    // The parser's message quotes the text, which may be somebody's memory.
    throw usageError(
      `--${name} is not JSON.`,
      `Write it as --${name} '{"key": "value"}', or as --${name} @file.json.`,
    )
  }
}

/**
 * Reads the text of an option as its type has it.
 *
 * @throws `CLI.USAGE`, `CLI.FILE_NOT_FOUND`
 */
export function readValue(name: string, spec: OptionSpec, text: string): unknown {
  const { type, choices } = spec
  if (choices !== undefined && !choices.includes(text))
    throw usageError(`--${name} must be one of ${choices.join(', ')}.`, 'Choose one of them.')
  if (type === 'integer' || type === 'number') return readNumber(name, spec, text)
  if (type === 'json') return readJson(name, text)
  if (type === 'span') return readSpan(name, text)
  if (type !== 'time') return text
  if (ISO_TIME.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text)
  throw usageError(`--${name} is not a time.`, 'Write it as 2026-01-31 or 2026-01-31T09:30:00Z.')
}
