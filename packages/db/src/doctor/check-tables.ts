import { expectedSchema } from '../generated/expected-schema.js'
import { selectTableFacts, type TableFacts } from '../sql/doctor.js'
import type { Check } from './check.js'
import { type DoctorFinding, found, ok } from './finding.js'

/** Fewer dead rows than this are not worth a word. */
const MIN_DEAD = 1000
/** As autovacuum's own default: past a fifth it should have come by. */
const MAX_DEAD_SHARE = 0.2
/** Fewer rows than this are planned well without statistics. */
const MIN_UNANALYZED = 1000

/** What is to be said of how the tables have been kept. */
export function judgeTables(tables: readonly TableFacts[]): DoctorFinding[] {
  const findings: DoctorFinding[] = []
  for (const { table, live, dead, analyzedRows } of tables) {
    const share = dead / Math.max(1, live + dead)
    if (dead >= MIN_DEAD && share > MAX_DEAD_SHARE) {
      const ofVectors =
        table === 'memory_embeddings'
          ? ' The vector index keeps them too, and searches walk through them.'
          : ''
      findings.push(
        found(
          'warning',
          'tables.dead',
          `${Math.round(share * 100)} % of ${table} are dead rows`,
          `${dead} dead, ${live} live.${ofVectors}`,
          { sql: `vacuum (analyze) ${table};` },
        ),
      )
    }
    if (analyzedRows < 0 && live >= MIN_UNANALYZED) {
      findings.push(
        found(
          'warning',
          'tables.unanalyzed',
          `${table} has never been analyzed`,
          `It has about ${live} rows, and the planner guesses what they are like.`,
          {
            sql: `analyze ${table};`,
          },
        ),
      )
    }
  }
  return findings
}

export const checkTables: Check = {
  id: 'tables',
  title: 'Dead rows',
  needsTables: true,
  async run({ executor, engine }) {
    const tables = await executor.run(selectTableFacts(expectedSchema.names.tables))
    const findings = judgeTables(tables)
    if (findings.length > 0) return findings
    const detail =
      engine.kind === 'embedded'
        ? 'The embedded engine has no autovacuum: `vacuum` is the program’s to run.'
        : ''
    return [ok('tables', 'The tables hold few dead rows', detail)]
  },
}
