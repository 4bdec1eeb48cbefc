import { migrations as shipped } from '../generated/migrations.js'
import type { Migration } from '../migrate/plan.js'
import { type AppliedMigration, migrationsTableExists, selectApplied } from '../sql/migrations.js'
import type { Check } from './check.js'
import { type DoctorFinding, found, ok, shellWord } from './finding.js'

/** Sets what a database has applied against what this release ships. */
export function judgeMigrations(
  ships: readonly Pick<Migration, 'name' | 'checksum'>[],
  applied: readonly AppliedMigration[],
): DoctorFinding[] {
  const current = new Map(applied.filter(({ rolledBack }) => !rolledBack).map((row) => [row.name, row]))
  const findings: DoctorFinding[] = []
  const unfinished = [...current.values()].filter(({ finished }) => !finished)
  for (const { name } of unfinished) {
    findings.push(
      found(
        'error',
        'migrations.failed',
        `The migration ${name} failed half-way`,
        'Another tool began it, and it is neither finished nor rolled back.',
        {
          command: `npx prisma migrate resolve --rolled-back ${shellWord(name)}`,
          text: 'First undo by hand what it did, then mark it as rolled back; or finish it, and mark it with --applied.',
        },
      ),
    )
  }
  const changed = ships.filter(({ name, checksum }) => {
    const row = current.get(name)
    return row?.finished === true && row.checksum !== checksum
  })
  for (const { name } of changed) {
    findings.push(
      found(
        'error',
        'migrations.changed',
        `The migration ${name} is not the one that was applied`,
        'Its checksum in _prisma_migrations differs from that of this release.',
        {
          command: 'npm install @funes/db@latest',
          text: 'Use the release that the database was migrated with, or a newer one. A file of a migration must never be edited.',
        },
      ),
    )
  }
  const pending = ships.filter(({ name }) => !current.has(name))
  if (pending.length > 0) {
    findings.push(
      found(
        'error',
        'migrations.pending',
        `${pending.length} of ${ships.length} migrations are still to apply`,
        pending.map(({ name }) => name).join(', '),
        { command: 'funes migrate' },
      ),
    )
  }
  const known = new Set(ships.map(({ name }) => name))
  const newer = [...current.keys()].filter((name) => !known.has(name))
  if (newer.length > 0) {
    findings.push(
      found(
        'info',
        'migrations.newer',
        'The database has migrations that this release does not know',
        `${newer.join(', ')}: a newer release's, or the application's own.`,
        { command: 'npm install @funes/db@latest' },
      ),
    )
  }
  const isFine = findings.every(({ severity }) => severity === 'info')
  return isFine ? [ok('migrations', `All ${ships.length} migrations are applied`), ...findings] : findings
}

export const checkMigrations: Check = {
  id: 'migrations',
  title: 'Migrations',
  async run({ executor }) {
    const [table] = await executor.run(migrationsTableExists)
    return judgeMigrations(shipped, table?.exists ? await executor.run(selectApplied) : [])
  },
}
