import { readdirSync } from 'node:fs'
import { cliError, type Fault, usageError } from '../fault.js'

/** Which database a command line and its environment mean. */
export type Place =
  | { readonly kind: 'server'; readonly url: string }
  | { readonly kind: 'embedded'; readonly dataDir: string }

export interface Given {
  readonly url?: string | undefined
  readonly 'data-dir'?: string | undefined
}

/** Whether it is a url, and what is percent-encoded in it can be decoded. */
function isReadable(url: string): boolean {
  try {
    const { username, password, hostname, pathname } = new URL(url)
    for (const part of [username, password, hostname, pathname]) decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

const EMBEDDED_URL = /^postgres(ql)?:\/\/embedded(\/|$)/

/**
 * Chooses as createFunes does: what is given, the environment, the embedded database.
 *
 * @throws `CLI.USAGE`
 */
export function choosePlace(given: Given, env: NodeJS.ProcessEnv): Place {
  const dataDir = given['data-dir']
  if (dataDir !== undefined && given.url !== undefined)
    throw usageError('--url and --data-dir name two databases.', 'Give one of them.')
  const embedded: Place = { kind: 'embedded', dataDir: dataDir ?? (env.FUNES_DATA_DIR || '.funes') }
  if (dataDir !== undefined) return embedded
  const url = given.url ?? (env.FUNES_DATABASE_URL || env.DATABASE_URL || undefined)
  if (url === undefined || EMBEDDED_URL.test(url)) return embedded
  if (/^postgres(ql)?:\/\//.test(url) && isReadable(url)) return { kind: 'server', url }
  throw usageError(
    'The database url cannot be read.',
    'Write it as postgresql://user:password@host:port/database, special characters percent-encoded.',
  )
}

/** The place in a few words, without its password. */
export function placeName(place: Place): string {
  if (place.kind === 'embedded') return `the embedded database in ${place.dataDir}`
  const { hostname, port, pathname } = new URL(place.url)
  return `the database ${decodeURIComponent(pathname.slice(1))} on ${hostname}${port === '' ? '' : `:${port}`}`
}

/**
 * The url, with which a connection means the rows of all users where row-level security asks. What the environment asks of
 * connections stands in the url then too, as options of a url take its place.
 */
export function meaningAllUsers(url: string, env: NodeJS.ProcessEnv): string {
  const meaning = new URL(url)
  const options = meaning.searchParams.get('options') ?? env.PGOPTIONS
  meaning.searchParams.set('options', [options, '-c funes.scope=all-users'].filter(Boolean).join(' '))
  return meaning.toString()
}

/**
 * Whether the embedded database is there: opening one that is not would make it. What is no folder, or none that can be read,
 * counts as there, as opening it says what is wrong.
 */
export function isThere(place: Place): boolean {
  if (place.kind === 'server' || place.dataDir === 'memory://') return true
  try {
    return readdirSync(place.dataDir).length > 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/** The answer to a folder without a database. */
export function noDatabase(place: Place & { kind: 'embedded' }): Fault {
  return cliError(
    'CLI.NO_DATABASE',
    `There is no embedded database in ${place.dataDir}.`,
    'Make one with `funes migrate`, or name another: --data-dir, FUNES_DATABASE_URL.',
  )
}
