import { pgvectorFaults } from '../health/known-faults.js'
import { serverFaults } from '../health/server-faults.js'
import { isOlder } from '../migrate/requirements.js'
import { selectExtensionFacts, selectSettings } from '../sql/doctor.js'
import { selectServerFacts } from '../sql/migrations.js'
import { readTenancy } from '../tenancy/status.js'
import type { Check } from './check.js'
import { type DoctorFinding, found, ok, quoted, setSetting } from './finding.js'

const OLDEST_SERVER = 140_000

/** When the community's support of a major version ends: postgresql.org/support/versioning. */
const SUPPORTED_UNTIL: Readonly<Record<number, string>> = {
  14: '2026-11-12',
  15: '2027-11-11',
  16: '2028-11-09',
  17: '2029-11-08',
  18: '2030-11-14',
}

/** What is to be said of a server's version, at a time. */
export function judgeServer(versionNumber: number, version: string, now: Date): DoctorFinding {
  const name = `PostgreSQL ${version}`
  if (versionNumber < OLDEST_SERVER) {
    return found('error', 'server.too-old', `${name} is older than 14`, 'Funes needs 14 or newer.', {
      text: 'Upgrade the server with pg_upgrade, or dump it and restore into a newer one.',
    })
  }
  const until = SUPPORTED_UNTIL[Math.floor(versionNumber / 10_000)]
  if (until !== undefined && now > new Date(until)) {
    return found(
      'warning',
      'server.unsupported',
      `${name} gets no more fixes`,
      `Its support ended on ${until}.`,
      {
        text: 'Plan an upgrade of the server: pg_upgrade keeps pgvector indexes as they are.',
      },
    )
  }
  return ok('server', name, until === undefined ? '' : `Supported until ${until}.`)
}

/** A statement that names the database, for psql to run. */
const REINDEX = "select format('reindex (concurrently) database %I', current_database()) \\gexec"

/** What is to be said of the known faults of a server's release. */
export function judgeServerFaults(versionNumber: number, isRowSecurityOn: boolean): DoctorFinding[] {
  const major = Math.floor(versionNumber / 10_000)
  return serverFaults(versionNumber).map(({ id, title, detail, fixedIn, needsRowSecurity, rebuild }) => {
    const isHarmless = needsRowSecurity && !isRowSecurityOn
    return found(
      isHarmless ? 'info' : 'warning',
      `server.${id}`,
      isHarmless ? `${title}, which is off here` : title,
      `PostgreSQL ${major}.${versionNumber % 10_000}: ${detail}`,
      {
        command: `sudo apt-get install --only-upgrade postgresql-${major}`,
        ...(rebuild && { sql: REINDEX }),
        text: `Upgrade to ${fixedIn} or newer and restart the server${rebuild ? ', then build every index anew, and run `funes reindex`' : ''}. Data stays as it is.`,
      },
    )
  })
}

export const checkServer: Check = {
  id: 'server',
  title: 'Server',
  async run({ executor }) {
    const [facts] = await executor.run(selectServerFacts)
    if (!facts) return []
    const { rowLevelSecurity } = await readTenancy(executor)
    return [
      judgeServer(facts.versionNumber, facts.version, new Date()),
      ...judgeServerFaults(facts.versionNumber, rowLevelSecurity !== 'off'),
    ]
  },
}

/** Whether pgvector is there, and whether it could be. */
export const checkExtension: Check = {
  id: 'extension',
  title: 'pgvector',
  async run({ executor }) {
    const [facts] = await executor.run(selectExtensionFacts)
    if (!facts) return []
    const { installed, available, schema, visible, creatable, role } = facts
    if (installed === null && available === null) {
      return [
        found(
          'error',
          'extension.unavailable',
          'The server does not have pgvector',
          'Neither is the extension in this database, nor are its files on the server.',
          {
            command:
              'sudo apt-get install postgresql-$(pg_config --version | grep -oE "[0-9]+" | head -1)-pgvector',
            sql: 'create extension vector;',
            text: 'With Docker, use the image pgvector/pgvector. On a managed service, choose a version that offers pgvector.',
          },
        ),
      ]
    }
    if (installed === null) {
      return [
        found(
          'error',
          'extension.missing',
          'The extension pgvector is missing in this database',
          creatable
            ? `Version ${available} can be created by the role ${role}.`
            : `Version ${available} is on the server, but the role ${role} may not create it.`,
          creatable
            ? { command: 'funes migrate', sql: 'create extension vector;' }
            : { sql: 'create extension vector;', text: 'Run it once in this database as a superuser.' },
        ),
      ]
    }
    if (!visible) {
      return [
        found(
          'error',
          'extension.hidden',
          'The types of pgvector are not found',
          `The extension is in the schema ${schema}, which search_path does not name.`,
          {
            sql: `alter role ${quoted(role)} set search_path = "$user", public, ${quoted(schema ?? 'public')};`,
            text: 'It holds for new connections: restart the application.',
          },
        ),
      ]
    }
    const isBehind = available !== null && isOlder(installed, available.split('.').map(Number))
    if (!isBehind) return [ok('extension', `pgvector ${installed} is installed`)]
    return [
      found(
        'info',
        'extension.behind',
        `pgvector ${installed} is installed, and ${available} is at hand`,
        'The newer files are on the server; this database still uses the older definitions.',
        { sql: 'alter extension vector update;' },
      ),
    ]
  },
}

/** Whether this pgvector is one that is known for a fault. */
export const checkPgvector: Check = {
  id: 'pgvector',
  title: 'pgvector version',
  async run({ engine, executor }) {
    const [facts] = await executor.run(selectExtensionFacts)
    const version = facts?.installed
    if (version === undefined || version === null) return []
    const faults = pgvectorFaults(version)
    if (faults.length === 0)
      return [ok('pgvector', `pgvector ${version} has no fault that is known to matter here`)]
    const [settings] = engine.kind === 'server' ? await executor.run(selectSettings) : []
    return faults.map((fault) => {
      const isMitigated = fault.needsParallelBuilds && settings?.parallelMaintenanceWorkers === 0
      return found(
        isMitigated ? 'info' : 'warning',
        `pgvector.${fault.id}`,
        isMitigated ? `${fault.title}, which is warded off here` : fault.title,
        `pgvector ${version}: ${fault.detail}`,
        {
          command: 'sudo apt-get install --only-upgrade "postgresql-*-pgvector"',
          sql: [
            ...(fault.needsParallelBuilds && !isMitigated
              ? [setSetting('max_parallel_maintenance_workers', '0')]
              : []),
            'alter extension vector update;',
          ].join(' '),
          text: `Upgrade to ${fault.fixedIn} or newer${fault.rebuild ? ', then `funes reindex`' : ''}.`,
        },
      )
    })
  },
}
