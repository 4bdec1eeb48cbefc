import { funesError } from '../errors/funes-error.js'
import type { ServerFacts } from '../sql/migrations.js'

const OLDEST_SERVER = 140_000
const OLDEST_PGVECTOR = [0, 8, 0] as const

/** Whether the dotted `version` is older than `than`. */
export function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split('.').map(Number)
  for (const [i, wanted] of than.entries()) {
    const part = parts[i] ?? 0
    if (part !== wanted) return part < wanted
  }
  return false
}

/** The answer when pgvector is neither installed in the database nor can be. */
export function extensionMissing(message: string, fix: string, cause?: unknown) {
  return funesError('DB.EXTENSION_MISSING', message, { fix, ...(cause !== undefined && { cause }) })
}

/** @throws `DB.SERVER_TOO_OLD`, `DB.EXTENSION_MISSING`, `DB.EXTENSION_TOO_OLD` */
export function assertRequirements(facts: ServerFacts): void {
  if (facts.versionNumber < OLDEST_SERVER) {
    throw funesError('DB.SERVER_TOO_OLD', `PostgreSQL ${facts.version} is older than 14.`, {
      fix: 'Upgrade the server to PostgreSQL 14 or newer.',
      meta: { version: facts.version },
    })
  }
  const version = facts.installed ?? facts.available
  if (version === null) {
    throw extensionMissing(
      'The pgvector extension is not installed on this server.',
      'Install it (Debian: postgresql-NN-pgvector; Docker: the image pgvector/pgvector), then migrate again.',
    )
  }
  if (isOlder(version, OLDEST_PGVECTOR)) {
    throw funesError('DB.EXTENSION_TOO_OLD', `pgvector ${version} is older than 0.8.0.`, {
      fix: facts.installed
        ? 'Install 0.8.0 or newer, then run `alter extension vector update`.'
        : 'Install pgvector 0.8.0 or newer.',
      meta: { version },
    })
  }
}
