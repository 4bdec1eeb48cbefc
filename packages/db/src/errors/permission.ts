/** What a role lacks, as far as the server's words tell: they are in the server's language, and read in English alone. */
export interface Lack {
  readonly message: string
  readonly fix: string
  readonly meta: { readonly kind?: string; readonly name?: string; readonly right?: string }
}

const KINDS =
  'materialized view|foreign table|foreign server|foreign-data wrapper|large object|event trigger|text search configuration|text search dictionary|table|relation|view|sequence|index|schema|database|function|procedure|routine|aggregate|type|domain|language|tablespace|extension|parameter|column|policy'
const DENIED = new RegExp(`^permission denied for (${KINDS}) (.+)$`)
const NOT_OWNER = new RegExp(`^must be (owner) of (${KINDS}) (.+)$`)
const NO_MEMBER = /^permission denied to set role "(.+)"$/
/** Words of the server that name things and never what is stored. */
const OTHER = /^(permission denied|must be|must have|only roles with)\b.{0,200}$/i

/** By kind: which rights there are, and for what. */
const RIGHTS: Record<string, string> = {
  schema: 'usage to use what is in it, create to migrate',
  database: 'connect to log in, create for a new schema',
  sequence: 'usage',
  function: 'execute',
  procedure: 'execute',
  type: 'usage',
}
const OF_ROWS = 'select to read it; insert, update and delete to change it'

const quoted = (name: string) => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`)

/** Reads a refusal for lack of a right; undefined when its words say nothing. */
export function lackOf(message: string): Lack | undefined {
  const [, deniedKind, deniedName] = DENIED.exec(message) ?? []
  if (deniedKind !== undefined && deniedName !== undefined) {
    const kind = deniedKind === 'relation' ? 'table' : deniedKind
    const on = /table|view|column/.test(kind) ? quoted(deniedName) : `${kind} ${quoted(deniedName)}`
    return {
      message: `The database role lacks a right on the ${kind} ${deniedName}.`,
      fix: `As its owner, run \`grant RIGHT on ${on} to ROLE\` (${RIGHTS[kind] ?? OF_ROWS}), or connect as a role that has the right.`,
      meta: { kind, name: deniedName },
    }
  }
  const [, right, ownedKind, ownedName] = NOT_OWNER.exec(message) ?? []
  if (right !== undefined && ownedKind !== undefined && ownedName !== undefined) {
    const kind = ownedKind === 'relation' ? 'table' : ownedKind
    return {
      message: `Only the owner of the ${kind} ${ownedName} may do this, and the database role is not.`,
      fix: `Connect as its owner or a member of that, or let a superuser run \`alter ${kind} ${quoted(ownedName)} owner to ROLE\`.`,
      meta: { kind, name: ownedName, right },
    }
  }
  const [, role] = NO_MEMBER.exec(message) ?? []
  if (role !== undefined) {
    return {
      message: `The role of this connection is no member of the role ${role}, as which the statement was to run.`,
      fix: `As a superuser, or who may grant it, run \`grant ${quoted(role)} to ROLE\`.`,
      meta: { kind: 'role', name: role, right: 'member' },
    }
  }
  if (!OTHER.test(message)) return undefined
  return {
    message: `The database role lacks a right that this statement needs: ${message}.`,
    fix: 'Grant it, or connect as a role that has it.',
    meta: {},
  }
}
