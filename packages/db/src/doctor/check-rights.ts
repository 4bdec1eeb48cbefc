import { expectedSchema } from '../generated/expected-schema.js'
import { selectHome, selectOwned } from '../sql/doctor-owners.js'
import {
  type RightFacts,
  selectRights,
  selectTableRights,
  type TableRightFact,
} from '../sql/doctor-server.js'
import type { Check } from './check.js'
import { type DoctorFinding, found, ok, quoted } from './finding.js'
import { handOver, judgeOwners, type Owners } from './owners.js'

/** What is to be said of what a role may do. */
export function judgeRights(
  rights: RightFacts,
  tables: readonly TableRightFact[],
  owners: Owners = { home: undefined, objects: [] },
): DoctorFinding[] {
  const { role, superuser, schema, canCreate, readOnly } = rights
  const findings: DoctorFinding[] = []
  if (superuser) {
    findings.push(
      found(
        'warning',
        'rights.superuser',
        `The role ${role} is a superuser`,
        'A mistake or an intruder in the application could do anything to the whole server, and row-level security does not hold for it.',
        handOver(owners, schema ?? 'public'),
      ),
    )
  }
  if (readOnly) {
    findings.push(
      found(
        'error',
        'rights.read-only',
        'Transactions are read-only',
        'Nothing can be added or changed through this connection.',
        {
          sql: `alter role ${quoted(role)} set default_transaction_read_only = off;`,
        },
      ),
    )
  }
  if (!canCreate) {
    findings.push(
      found(
        'warning',
        'rights.create',
        `The role ${role} cannot make tables`,
        schema === null
          ? 'No schema of search_path exists.'
          : `It lacks the right to create in the schema ${schema}: migrations fail.`,
        { sql: `grant create on schema ${quoted(schema ?? 'public')} to ${quoted(role)};` },
      ),
    )
  }
  const lacking = tables.filter(({ missing }) => missing.length > 0)
  if (lacking.length > 0) {
    findings.push(
      found(
        'error',
        'rights.tables',
        `The role ${role} lacks rights on tables`,
        lacking.map(({ table, missing }) => `${table}: ${missing.join(', ')}`).join('; '),
        {
          sql: lacking
            .map(({ table, missing }) => `grant ${missing.join(', ')} on ${table} to ${quoted(role)};`)
            .join(' '),
        },
      ),
    )
  }
  findings.push(...judgeOwners(owners))
  if (tables.some(({ table, owned }) => table === 'memories' && !owned)) {
    findings.push(
      found(
        'info',
        'rights.owner',
        `The role ${role} does not own the tables`,
        'It can read and write, but neither migrate nor build indexes: those are the owner’s.',
        { text: 'Run `funes migrate` and `funes reindex` with the url of the role that owns the tables.' },
      ),
    )
  }
  return findings.length > 0 ? findings : [ok('rights', `The role ${role} may do what Funes needs`)]
}

export const checkRights: Check = {
  id: 'rights',
  title: 'Rights',
  notEmbedded: 'whoever opens the embedded engine may do anything with it',
  async run({ executor }) {
    const [rights] = await executor.run(selectRights)
    if (!rights) return []
    const { names } = expectedSchema
    const [home] = await executor.run(selectHome)
    const objects = await executor.run(selectOwned(names))
    const tables = await executor.run(selectTableRights([...names.tables, '_prisma_migrations']))
    return judgeRights(rights, tables, { home, objects })
  },
}
