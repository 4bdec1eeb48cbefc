import type pg from 'pg'
import { compile, type Statement } from '../sql/statement.js'

/** Runs a statement on one connection, beside whatever else uses it; errors are the driver's own. */
export async function runOn<Row>(client: pg.ClientBase, statement: Statement<Row>): Promise<Row[]> {
  const { text, values } = compile(statement)
  const result = await client.query(text, values)
  return result.rows as Row[]
}
