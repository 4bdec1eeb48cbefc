import pg from 'pg'
import { databaseErrorText } from './database-error-text.js'
import { type KnownError, knownError } from './known-error.js'

/** A script that the database refused. */
export interface ScriptFailure {
  readonly script: string
  readonly error: unknown
}

interface Directory {
  path: string
  migrationFile: { content: { tag: string; value: string } }
}

/** The name by which the engine's own account of the error calls the migration, else the directory with that script. */
function migrationName(message: string, script: string, params: unknown): string {
  const named =
    /^Migration `(.+?)` failed/.exec(message)?.[1] ?? /migration_name="([^"]+)"/.exec(message)?.[1]
  if (named !== undefined) return named
  const directories = (params as { migrationsList?: { migrationDirectories?: Directory[] } } | undefined)
    ?.migrationsList?.migrationDirectories
  return directories?.find(({ migrationFile }) => migrationFile.content.value === script)?.path ?? '(unknown)'
}

function notApplied(name: string, { script, error }: ScriptFailure): KnownError {
  const known = error instanceof pg.DatabaseError
  const code = known ? (error.code ?? 'none') : 'none'
  const text = known ? databaseErrorText(error, script) : String((error as Error).message)
  return knownError(
    'P3018',
    'A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about ' +
      'how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\n' +
      `Migration name: ${name}\n\nDatabase error code: ${code}\n\nDatabase error:\n${text}\n`,
    { migration_name: name, database_error_code: code, database_error: text },
  )
}

/**
 * The error of a migration that failed, as the native engine gives it: P3018, and inside P3006 when it was on the
 * shadow database. The WebAssembly engine has an "external connector error" in its place.
 *
 * @param error what the engine answered
 * @param failure the script and what the database said of it
 * @param params the request's
 */
export function migrationError(
  error: Error & { code?: string },
  failure: ScriptFailure,
  params: unknown,
): KnownError {
  const name = migrationName(error.message, failure.script, params)
  const inner = notApplied(name, failure)
  if (error.code !== 'P3006') return inner
  return knownError(
    'P3006',
    `Migration \`${name}\` failed to apply cleanly to the shadow database. \nError code: ${inner.code}\nError:\n${inner.message}`,
    {
      migration_name: name,
      inner_error: { is_panic: false, message: inner.message, meta: inner.meta, error_code: inner.code },
    },
  )
}
