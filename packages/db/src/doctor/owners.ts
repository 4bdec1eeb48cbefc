import type { HomeFacts, OwnedObject } from '../sql/doctor-owners.js'
import { type DoctorFinding, type DoctorFix, found, quoted, sqlText } from './finding.js'

/** Everything that has an owner, and whose the tables are; no home where there are no tables. */
export interface Owners {
  readonly home: HomeFacts | undefined
  readonly objects: readonly OwnedObject[]
}

/** So many are named one by one. */
const MAX_NAMED = 8

/** The role that is to own the tables, where they are a superuser's; and that of scopes, unless it has another name. */
const NEW_OWNER = 'funes_owner'
const SCOPE_ROLE = 'funes_app'

const made = (role: string, how: string) =>
  `do $$ begin if not exists (select from pg_roles where rolname = ${sqlText(role)}) then create role ${quoted(role)} ${how}; end if; end $$;`

const given = (objects: readonly OwnedObject[], owner: string) =>
  objects.map(({ kind, name }) => `alter ${kind} ${name} owner to ${quoted(owner)};`)

/** What policies say of the owner is said anew, of whoever that is now. */
const enabled = (schema: string, role: string) => [
  `set local search_path to ${quoted(schema)};`,
  `select funes_tenancy_enable(${sqlText(role)});`,
]

const together = (statements: readonly string[]) => ['begin;', ...statements, 'commit;'].join(' ')

/** How all of it becomes that of a role which is no superuser. @param schema where tables are made */
export function handOver({ home, objects }: Owners, schema: string): DoctorFix {
  if (home !== undefined && !home.ownedBySuperuser) {
    const { owner } = home
    return { text: `Connect as ${owner}, which owns the tables, or as a login role that is a member of it.` }
  }
  const scopeRole = home?.scopeRole ?? SCOPE_ROLE
  const space = home?.schema ?? schema
  return {
    sql: together([
      made(NEW_OWNER, 'login'),
      made(scopeRole, 'nologin'),
      `grant ${quoted(scopeRole)} to ${NEW_OWNER};`,
      `grant usage, create on schema ${quoted(space)} to ${NEW_OWNER};`,
      ...given(objects, NEW_OWNER),
      ...(home?.scopeRole == null ? [] : enabled(space, home.scopeRole)),
    ]),
    text: `Run it as a superuser, give the new role a password (\`\\password ${NEW_OWNER}\` in psql), and connect as it. ${scopeRole} is the role of scopes, which the new one could not make for row-level security.`,
  }
}

/** What is to be said of things that the owner of the tables cannot do with as they do with those. */
export function judgeOwners({ home, objects }: Owners): DoctorFinding[] {
  if (home === undefined) return []
  const { owner, schema, scopeRole, shutOut } = home
  const findings: DoctorFinding[] = []
  const foreign = objects.filter(({ isForeign }) => isForeign)
  if (foreign.length > 0) {
    const named = foreign.slice(0, MAX_NAMED).map(({ kind, name, owner: of }) => `${kind} ${name} (${of})`)
    const more = foreign.length > named.length ? `, and ${foreign.length - named.length} more` : ''
    findings.push(
      found(
        'error',
        'rights.owners',
        'What belongs together has several owners',
        `The table memories is ${owner}'s, and these are not: ${named.join(', ')}${more}. Migrations, purges and the upkeep of usages are refused on them, whoever asks but a superuser.`,
        {
          sql: together([
            ...given(foreign, owner),
            ...(scopeRole === null ? [] : enabled(schema, scopeRole)),
          ]),
          text: 'Run it as a superuser.',
        },
      ),
    )
  } else if (shutOut.length > 0 && scopeRole !== null) {
    findings.push(
      found(
        'error',
        'rights.shut-out',
        'Row-level security hides all rows from the owner of the tables',
        `The policies name another owner than ${owner}, on ${shutOut.join(', ')}: a purge would find nothing to remove.`,
        {
          sql: together(enabled(schema, scopeRole)),
          text: `Run it as ${owner}, or as a superuser.`,
        },
      ),
    )
  }
  return findings
}
