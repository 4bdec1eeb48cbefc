import { expectedSchema } from '../generated/expected-schema.js'
import { selectPlainIndexes, selectTables } from '../sql/doctor-schema.js'
import { type SchemaFact, type SchemaKind, selectSchemaFacts } from '../sql/schema-facts.js'
import type { Check } from './check.js'
import { type DoctorFinding, found, ok, quoted } from './finding.js'
import type { Patient } from './patient.js'
import { type Drift, findDrift, mending, NAMES, nameOf } from './schema-drift.js'

const { names, facts } = expectedSchema
const WHY = 'Something other than a migration changed the schema.'
const REPAIR = {
  command: 'pg_dump --schema-only "$FUNES_DATABASE_URL"',
  text: 'Compare it with that of an empty database after `funes migrate`, and put back what is missing, rows from a backup.',
}

const ENABLE =
  'Then, where row-level security is on, `await funes.tenancy.enable()` once more, with the same role.'
const ELSEWHERE = 'Where the tables are in another schema than public, name that one in `search_path`.'

const IDS: Readonly<Record<Exclude<SchemaKind, 'index'>, string>> = {
  column: 'schema.columns',
  'not-null': 'schema.not-null',
  default: 'schema.defaults',
  constraint: 'schema.constraints',
  trigger: 'schema.triggers',
  function: 'schema.functions',
  policy: 'schema.policies',
  type: 'schema.types',
}

/** Without the others something fails, or goes wrong without a word; without these it is slower, or less strict. */
const LIGHT: ReadonlySet<SchemaKind> = new Set(['index', 'not-null'])

function judgeOne(fact: SchemaFact, state: 'missing' | 'changed'): DoctorFinding {
  const { kind, definition } = fact
  const isThere = state === 'changed'
  const id = kind === 'index' ? `indexes.${state}` : `${IDS[kind]}${isThere ? '-changed' : ''}`
  const isGrave = isThere ? kind === 'column' : !LIGHT.has(kind)
  const sql = mending(fact, isThere)
  const text = / set search_path to /i.test(definition) ? ELSEWHERE : kind === 'policy' ? ENABLE : undefined
  return found(
    isGrave ? 'error' : 'warning',
    id,
    `The ${NAMES[kind]} ${nameOf(fact)} is ${isThere ? 'not what the migrations make' : 'missing'}`,
    `It should be: ${definition.replace(/\s+/g, ' ')}. ${WHY}`,
    sql === null ? REPAIR : { sql, ...(text !== undefined && { text }) },
  )
}

/** What is to be said of a schema that is not what the migrations make; of its indexes, or of all else. */
export function judgeDrift({ missing, changed, required }: Drift, of: 'indexes' | 'schema'): DoctorFinding[] {
  const isMeant = ({ kind }: SchemaFact) => (kind === 'index') === (of === 'indexes')
  const findings = [
    ...missing.filter(isMeant).map((fact) => judgeOne(fact, 'missing')),
    ...changed.filter(isMeant).map((fact) => judgeOne(fact, 'changed')),
  ]
  if (of === 'indexes') return findings
  for (const fact of required) {
    findings.push(
      found(
        'error',
        'schema.required',
        `The column ${nameOf(fact)} must have a value, which Funes may leave out`,
        `Rows without one are refused. ${WHY}`,
        { sql: `alter table ${quoted(fact.table)} alter column ${quoted(fact.name)} drop not null;` },
      ),
    )
  }
  return findings
}

/** Of the tables that there are: what is to be said of one that is not, is said of it as a whole. */
async function driftOf({ executor }: Patient): Promise<{ drift: Drift; missing: string[] }> {
  const there = new Set((await executor.run(selectTables(names.tables))).map(({ name }) => name))
  const present = await executor.run(selectSchemaFacts(names))
  const expected = facts.filter(({ table }) => table === '' || there.has(table))
  return { drift: findDrift(expected, present), missing: names.tables.filter((table) => !there.has(table)) }
}

/** Compares tables, columns, constraints, triggers, functions, policies and types with what the migrations of this release make. */
export const checkSchema: Check = {
  id: 'schema',
  title: 'Schema',
  needsTables: true,
  async run(patient) {
    const { drift, missing } = await driftOf(patient)
    const findings = judgeDrift(drift, 'schema')
    if (missing.length > 0) {
      const title = missing.length === 1 ? `The table ${missing[0]} is missing` : 'Tables are missing'
      findings.unshift(found('error', 'schema.tables', title, `${missing.join(', ')}. ${WHY}`, REPAIR))
    }
    return findings.length > 0
      ? findings
      : [
          ok(
            'schema',
            `All ${names.tables.length} tables are as the migrations make them, with all that belongs to them`,
          ),
        ]
  },
}

/** Looks for the ordinary indexes that migrations make; those of vectors are another check's. */
export const checkPlainIndexes: Check = {
  id: 'indexes',
  title: 'Ordinary indexes',
  needsTables: true,
  async run(patient) {
    const { drift } = await driftOf(patient)
    const findings = judgeDrift(drift, 'indexes')
    const present = await patient.executor.run(selectPlainIndexes(names.tables))
    for (const { name, table, valid } of present) {
      if (valid) continue
      findings.push(
        found(
          'warning',
          'indexes.invalid',
          `The index ${name} on ${table} is invalid`,
          'Its build was interrupted: writing to it costs, and reading does not use it.',
          { sql: `reindex index concurrently ${quoted(name)};` },
        ),
      )
    }
    return findings.length > 0
      ? findings
      : [ok('indexes', `All ${present.length} ordinary indexes are valid, and as the migrations make them`)]
  },
}
