import { type Fragment, integerLiteral, sql } from './statement.js'

/** One savepoint a level of nesting. */
const name = (depth: number): Fragment => sql`funes_${integerLiteral(depth)}`

export const savepoint = (depth: number): Fragment => sql`savepoint ${name(depth)}`
export const rollbackToSavepoint = (depth: number): Fragment => sql`rollback to savepoint ${name(depth)}`
export const releaseSavepoint = (depth: number): Fragment => sql`release savepoint ${name(depth)}`
