import type pg from 'pg'
import type { KnownError } from './connection-error.js'

/** A script that the database refused, on the way to the error that the engine then reports. */
export interface ScriptFailure {
  readonly script: string
  readonly error: Partial<pg.DatabaseError>
  readonly onShadow: boolean
}

interface MigrationsList {
  migrationDirectories?: { path: string; migrationFile: { content: { value?: string } | string } }[]
}

function migrationName(params: unknown, script: string): string {
  const { migrationDirectories = [] } = (params as { migrationsList?: MigrationsList })?.migrationsList ?? {}
  const match = migrationDirectories.find(({ migrationFile: { content } }) => {
    const text = typeof content === 'string' ? content : content.value
    return text === script
  })
  return match?.path ?? 'unknown'
}

/** The line and its neighbours at which PostgreSQL stopped, numbered; empty when it named no position. */
function excerpt(script: string, position: string | undefined): string {
  if (position === undefined) return ''
  const line = script.slice(0, Number(position) - 1).split('\n').length
  const first = Math.max(1, line - 2)
  const shown = script.split('\n').slice(first - 1, line)
  return `\n\nPosition:\n${shown.map((text, i) => `${String(first + i).padStart(3)} ${text}`).join('\n')}`
}

/**
 * The WebAssembly engine calls a migration's failure an "external connector error"; the native one gives it a code.
 * Returns that code's error: P3006 on the shadow database, P3018 on the real one (Prisma's "Error message reference").
 */
export function migrationError({ script, error, onShadow }: ScriptFailure, params: unknown): KnownError {
  const name = migrationName(params, script)
  const reason = `ERROR: ${error.message ?? error}${excerpt(script, error.position)}`
  if (onShadow) {
    return {
      code: 'P3006',
      message: `Migration \`${name}\` failed to apply cleanly to the shadow database.\nError code: ${error.code ?? 'unknown'}\nError:\n${reason}`,
    }
  }
  return {
    code: 'P3018',
    message: `A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\nMigration name: ${name}\n\nDatabase error code: ${error.code ?? 'unknown'}\n\nDatabase error:\n${reason}`,
  }
}
