import type { CopyTransaction } from '../engine/copy.js'
import { compile } from '../sql/statement.js'
import type { Observer } from './observer.js'

/** The same transaction, of whose statements and copies `observer` is told: of texts and numbers of rows, of no row. */
export function observedCopy(observer: Observer, transaction: CopyTransaction): CopyTransaction {
  return {
    client: transaction.client,
    run: (statement) => observer.statement(compile(statement).text, () => transaction.run(statement)),
    async copy(text, rows, write) {
      await observer.statement(text, async () => {
        await transaction.copy(text, rows, write)
        return rows as (typeof rows)[number][]
      })
    },
  }
}
