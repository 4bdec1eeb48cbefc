import type { Statement } from '../sql/statement.js'

/** Where statements run: on the pool, or inside one transaction. Every error is a FunesError. */
export interface Executor {
  run<Row>(statement: Statement<Row>): Promise<Row[]>
}
