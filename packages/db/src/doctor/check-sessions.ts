import { selectConnectionFacts, selectLongTransactions } from '../sql/doctor-server.js'
import type { Check } from './check.js'
import { duration, found, ok } from './finding.js'

const LONG_MS = 5 * 60_000
const SHOWN = 5
const MAX_SHARE = 0.8

/** Looks for transactions that keep dead rows alive and index builds waiting. */
export const checkTransactions: Check = {
  id: 'transactions',
  title: 'Long transactions',
  notEmbedded: 'the embedded engine has one session, and this is it',
  async run({ executor }) {
    const long = await executor.run(selectLongTransactions(LONG_MS, SHOWN))
    if (long.length === 0) return [ok('transactions', 'No transaction has been open for long')]
    const each = long.map(
      ({ pid, state, transactionMs }) =>
        `pid ${pid}, ${state ?? 'unknown'}, for ${duration(transactionMs ?? 0)}`,
    )
    return [
      found(
        'warning',
        'transactions.long',
        'Transactions have been open for long',
        `${each.join('; ')}. Dead rows cannot be removed meanwhile, and concurrent index builds wait.`,
        {
          sql: long.map(({ pid }) => `select pg_terminate_backend(${pid});`).join(' '),
          text: 'End what forgot to commit; `idle_in_transaction_session_timeout` does it by itself.',
        },
      ),
    ]
  },
}

/** Compares the connections of everybody with what the server allows. */
export const checkConnections: Check = {
  id: 'connections',
  title: 'Connections of the server',
  notEmbedded: 'the embedded engine has one connection',
  async run({ executor, engine }) {
    const [facts] = await executor.run(selectConnectionFacts)
    if (!facts) return []
    const max = engine.pool.options?.max ?? 10
    const state = `${facts.used} of ${facts.usable} in use; this pool may open ${max}.`
    if (facts.used > facts.usable * MAX_SHARE) {
      return [
        found('warning', 'connections.scarce', 'The server has few connections left', state, {
          text: 'Lower `limits.maxConnections` over all processes, or put PgBouncer in front of the server.',
          sql: "select application_name, state, count(*) from pg_stat_activity where backend_type = 'client backend' group by 1, 2 order by 3 desc;",
        }),
      ]
    }
    if (max > facts.usable) {
      return [
        found(
          'warning',
          'connections.pool-too-large',
          'The pool may open more connections than the server allows',
          state,
          {
            text: `Set \`limits.maxConnections\` to ${facts.usable} or fewer, shared among all processes.`,
          },
        ),
      ]
    }
    return [ok('connections', 'The server has connections to spare', state)]
  },
}
