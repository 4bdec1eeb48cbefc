import { readTenancy, type TenancyStatus } from '../tenancy/status.js'
import type { Check } from './check.js'
import { type DoctorFinding, found, ok, sqlText } from './finding.js'

/** What is to be said of row-level security, which is meant to be on for all tables with user data or for none. */
export function judgeTenancy(
  { rowLevelSecurity, role, unprotected, bypassed }: TenancyStatus,
  engine: 'server' | 'embedded',
): DoctorFinding {
  if (rowLevelSecurity === 'off') {
    return ok('tenancy', 'Row-level security is off', 'The application alone keeps users apart.')
  }
  if (rowLevelSecurity === 'partly') {
    return found(
      'error',
      'tenancy.partial',
      'Row-level security is on for some tables and off for others',
      `Off for ${unprotected.join(', ')}: a statement that forgets the user shows the rows of all.`,
      { sql: `select funes_tenancy_enable(${sqlText(role ?? 'funes_app')});` },
    )
  }
  if (!bypassed || engine === 'embedded') return ok('tenancy', 'Row-level security is on')
  return found(
    'warning',
    'tenancy.bypassed',
    'Row-level security is on, and this role passes it by',
    'Calls through `funes.as` are held to it; every other statement of the application sees all rows.',
    { text: `Connect as a login role that is no superuser, has no BYPASSRLS, and is a member of ${role}.` },
  )
}

export const checkTenancy: Check = {
  id: 'tenancy',
  title: 'Row-level security',
  needsTables: true,
  async run({ executor, engine }) {
    return [judgeTenancy(await readTenancy(executor), engine.kind)]
  },
}
