import { expectedColumns } from '../generated/expected-schema.js'
import { migrations } from '../generated/migrations.js'
import { selectColumns, selectPlainIndexes } from '../sql/doctor-schema.js'
import type { Check } from './check.js'
import { expectedIndexes } from './expected-indexes.js'
import { type DoctorFinding, found, ok, quoted } from './finding.js'

const TABLES = Object.keys(expectedColumns)
const REPAIR = {
  command: 'pg_dump --schema-only "$FUNES_DATABASE_URL"',
  text: 'Something other than a migration changed the schema. Compare it with that of an empty database after `funes migrate`, and put back what is missing.',
}

/** The statement that makes an index while writing goes on. */
function madeConcurrently(definition: string): string {
  return definition.replace(
    /^create (unique )?index (?:concurrently )?(?:if not exists )?/i,
    (_, unique = '') => `create ${unique.toLowerCase()}index concurrently `,
  )
}

/** Compares tables and columns with those that this release reads and writes. */
export const checkSchema: Check = {
  id: 'schema',
  title: 'Schema',
  needsTables: true,
  async run({ executor }) {
    const rows = await executor.run(selectColumns(TABLES))
    const present = new Map<string, Set<string>>()
    for (const { table, column } of rows) {
      const columns = present.get(table) ?? new Set()
      present.set(table, columns.add(column))
    }
    const missingTables = TABLES.filter((table) => !present.has(table))
    const missingColumns = TABLES.filter((table) => present.has(table)).flatMap((table) =>
      (expectedColumns[table] ?? [])
        .filter((column) => !present.get(table)?.has(column))
        .map((column) => `${table}.${column}`),
    )
    const findings: DoctorFinding[] = []
    if (missingTables.length > 0) {
      const [one] = missingTables
      const title = missingTables.length === 1 ? `The table ${one} is missing` : 'Tables are missing'
      findings.push(found('error', 'schema.tables', title, missingTables.join(', '), REPAIR))
    }
    if (missingColumns.length > 0) {
      const [one] = missingColumns
      const title = missingColumns.length === 1 ? `The column ${one} is missing` : 'Columns are missing'
      findings.push(found('error', 'schema.columns', title, missingColumns.join(', '), REPAIR))
    }
    return findings.length > 0
      ? findings
      : [ok('schema', `All ${TABLES.length} tables have the columns that this release expects`)]
  },
}

/** Looks for the ordinary indexes that migrations made; those of vectors are another check's. */
export const checkPlainIndexes: Check = {
  id: 'indexes',
  title: 'Ordinary indexes',
  needsTables: true,
  async run({ executor }) {
    const present = await executor.run(selectPlainIndexes(TABLES))
    const names = new Set(present.map(({ name }) => name))
    const expected = expectedIndexes(migrations.map(({ sql }) => sql))
    const findings = [...expected]
      .filter(([name]) => !names.has(name))
      .map(([name, definition]) =>
        found(
          'warning',
          'indexes.missing',
          `The index ${name} is missing`,
          'A migration made it, and something dropped it. What it serves reads whole tables instead.',
          { sql: `${madeConcurrently(definition)};` },
        ),
      )
    for (const { name, table, valid } of present) {
      if (valid) continue
      findings.push(
        found(
          'warning',
          'indexes.invalid',
          `The index ${name} on ${table} is invalid`,
          'Its build was interrupted: writing to it costs, and reading does not use it.',
          {
            sql: `reindex index concurrently ${quoted(name)};`,
          },
        ),
      )
    }
    return findings.length > 0
      ? findings
      : [ok('indexes', `All ${present.length} ordinary indexes are valid`)]
  },
}
