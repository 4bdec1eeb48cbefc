import { funesError } from '../errors/funes-error.js'
import type { AppliedMigration } from '../sql/migrations.js'

/** One migration as shipped: a folder of `prisma/migrations`. */
export interface Migration {
  readonly name: string
  /** SHA-256 of the file in hexadecimal, as Prisma records it. */
  readonly checksum: string
  readonly sql: string
}

/**
 * Which of the shipped migrations are still to apply, in order. Ones that the database has and we do not know
 * are a newer release's, and no reason to stop.
 *
 * @throws `MIGRATION.CHANGED`, `MIGRATION.UNFINISHED`
 */
export function pendingMigrations(
  shipped: readonly Migration[],
  applied: readonly AppliedMigration[],
): Migration[] {
  const current = new Map(applied.filter((row) => !row.rolledBack).map((row) => [row.name, row]))
  return shipped.filter((migration) => {
    const row = current.get(migration.name)
    if (!row) return true
    if (!row.finished) {
      throw funesError(
        'MIGRATION.UNFINISHED',
        `The migration ${migration.name} was begun by another tool and failed.`,
        {
          fix: `Mend the database, then run \`prisma migrate resolve --applied ${migration.name}\` (or --rolled-back).`,
          meta: { migration: migration.name },
        },
      )
    }
    if (row.checksum !== migration.checksum) {
      throw funesError(
        'MIGRATION.CHANGED',
        `The migration ${migration.name} is not the one this database applied.`,
        {
          fix: 'Use the release of Funes that the database was migrated with, or a newer one.',
          meta: { migration: migration.name, applied: row.checksum, shipped: migration.checksum },
        },
      )
    }
    return false
  })
}
