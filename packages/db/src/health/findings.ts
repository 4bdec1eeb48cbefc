import type { TenancyStatus } from '../tenancy/status.js'
import { pgvectorFaults } from './known-faults.js'

/** Something about the deployment worth knowing, and what to do about it. */
export interface Finding {
  /** `error`: Funes does not work like this. `warning`: it works, at a risk. */
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly fix: string
}

/** Known faults of pgvector releases. */
export function pgvectorFindings(version: string): Finding[] {
  return pgvectorFaults(version).map(({ id, title, fixedIn, needsParallelBuilds, rebuild }) => ({
    severity: 'warning',
    code: `HEALTH.PGVECTOR_${id.toUpperCase()}`,
    message: `${title}: pgvector ${version} is older than ${fixedIn}.`,
    fix: `Upgrade pgvector to ${fixedIn} or newer${rebuild ? ', then reindex' : ''}${
      needsParallelBuilds ? ', or build indexes with max_parallel_maintenance_workers = 0' : ''
    }.`,
  }))
}

/** Row-level security that does not hold for all: some tables without it, or a role that passes it by where another could be used. */
export function tenancyFindings(
  { rowLevelSecurity, unprotected, bypassed }: TenancyStatus,
  engine: 'server' | 'embedded',
): Finding[] {
  if (rowLevelSecurity === 'partly') {
    return [
      {
        severity: 'warning',
        code: 'HEALTH.RLS_PARTLY',
        message: `Row-level security is on, but not on ${unprotected.join(', ')}.`,
        fix: 'Call `tenancy.enable()` again, as the owner of the tables.',
      },
    ]
  }
  if (rowLevelSecurity === 'off' || !bypassed || engine === 'embedded') return []
  return [
    {
      severity: 'warning',
      code: 'HEALTH.RLS_BYPASSED',
      message:
        'Row-level security is on, and the role of this connection passes it by: only `funes.as` is held to it.',
      fix: 'Connect as a role that is neither superuser nor BYPASSRLS: a login role that is a member of the one that `tenancy.status` names.',
    },
  ]
}
