import type pg from 'pg'
import { compile, type Statement } from '../src/sql/statement.js'

/** A node of EXPLAIN's plan. */
interface PlanNode {
  'Node Type': string
  'Index Name'?: string
  'Relation Name'?: string
  'Actual Loops': number
  'Actual Rows': number
  Plans?: PlanNode[]
}

function nodes(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

/** A parameter as `execute` takes it: in the text, as it has no parameters of its own. */
function literal(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return String(value)
  if (value instanceof Date) return `'${value.toISOString()}'`
  if (Buffer.isBuffer(value)) {
    const components = Array.from({ length: value.readInt16BE(0) }, (_, i) => value.readFloatBE(4 + 4 * i))
    return `'[${components.join(',')}]'`
  }
  const text = Array.isArray(value) ? `{${value.map((v) => JSON.stringify(v)).join(',')}}` : String(value)
  return `'${text.replaceAll("'", "''")}'`
}

/** What was executed of a prepared statement's plan, and whether the plan was made for any parameters. */
export interface Execution {
  readonly nodes: PlanNode[]
  readonly generic: boolean
}

/**
 * Runs a statement under a name, as Funes does, and explains its last execution: after five the plan may become a generic one.
 * Each in a transaction of its own: what the first sets for its own would change how the next is planned.
 */
export async function execution(
  pool: pg.Pool,
  statement: Statement<unknown>,
  { times = 1, settings = {} as Readonly<Record<string, string | number>> } = {},
): Promise<Execution> {
  const { text, values } = compile(statement)
  const name = 'explained'
  const client = await pool.connect()
  try {
    for (const [setting, value] of Object.entries(settings)) await client.query(`set ${setting} = ${value}`)
    await client.query(`prepare ${name} as ${text}`)
    const call = `execute ${name}${values.length > 0 ? `(${values.map(literal).join(', ')})` : ''}`
    for (let i = 1; i < times; i++) await client.query(call)
    const generic = 'select generic_plans::int4 as n from pg_prepared_statements where name = $1'
    const before = (await client.query(generic, [name])).rows[0].n
    const { rows } = await client.query(`explain (analyze, format json) ${call}`)
    const after = (await client.query(generic, [name])).rows[0].n
    return {
      nodes: nodes(rows[0]['QUERY PLAN'][0].Plan).filter((node) => node['Actual Loops'] > 0),
      generic: after > before,
    }
  } finally {
    for (const setting of Object.keys(settings)) await client.query(`reset ${setting}`)
    await client.query('deallocate all')
    client.release()
  }
}
