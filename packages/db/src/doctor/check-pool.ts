import { isFull } from '../engine/beside-pool.js'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import type { PoolHolder } from '../engine/held.js'
import { type HolderFact, selectHolders } from '../sql/doctor-server.js'
import type { Check } from './check.js'
import { type DoctorFinding, duration, found, ok } from './finding.js'

const SHOWN = 5
/** A transaction that has been open and idle for so long waits for something else than the database. */
const FORGOTTEN_MS = 10_000

/** What calls of Funes have a connection, and what the server says of its side: never a word of what they run. */
function tell(calls: readonly PoolHolder[], sessions: readonly HolderFact[]): string {
  const told: string[] = []
  if (calls.length > 0) {
    const each = calls.slice(0, SHOWN).map(({ operation, heldMs }) => `${operation} for ${duration(heldMs)}`)
    told.push(`Held by ${each.join(', ')}.`)
  }
  if (sessions.length > 0) {
    const each = sessions.map(({ pid, state, stateMs }) => {
      return `pid ${pid} ${state ?? 'in an unknown state'}${stateMs === null ? '' : ` for ${duration(stateMs)}`}`
    })
    told.push(`The server sees ${each.join(', ')}.`)
  }
  return ['', ...told].join(' ')
}

async function sessionsOf(engine: Engine, executor: Executor): Promise<HolderFact[]> {
  if (engine.kind === 'embedded') return []
  const name = engine.pool.options?.application_name ?? ''
  // What the server says is of use, but not what makes the finding.
  return executor.run(selectHolders(name, SHOWN)).catch(() => [])
}

/** Looks at the pool itself, and then asks the server, where `executor` reaches it, who holds its connections. */
export async function examinePool(engine: Engine, executor: Executor): Promise<DoctorFinding[]> {
  const { pool, kind } = engine
  const { total, max, idle, waiting, holders: calls } = engine.poolStats()
  const state = `${total} of ${max} connections open, ${idle} idle; calls waiting: ${waiting}.`
  if (!isFull(pool)) return [ok('pool', 'The pool has connections to spare', state)]
  if (kind === 'embedded') {
    if (waiting === 0) return [ok('pool', 'The one connection of the embedded engine is in use', state)]
    return [
      found('warning', 'pool.exhausted', 'Calls wait for the one connection of the embedded engine', state, {
        text: 'Await or shorten transactions. For work side by side, use a server.',
      }),
    ]
  }
  const sessions = await sessionsOf(engine, executor)
  const detail = `${state}${tell(calls, sessions)}`
  const forgotten = sessions.filter(
    ({ state: is, stateMs }) =>
      is?.startsWith('idle in transaction') === true && (stateMs ?? 0) >= FORGOTTEN_MS,
  )
  const fix = {
    text: `Await or shorten transactions, or raise \`limits.maxConnections\` (${max} now).`,
    ...(forgotten.length > 0 && {
      sql: forgotten.map(({ pid }) => `select pg_terminate_backend(${pid});`).join(' '),
    }),
  }
  return waiting > 0
    ? [found('error', 'pool.exhausted', 'The pool is exhausted: calls wait for a connection', detail, fix)]
    : [found('warning', 'pool.full', 'Every connection of the pool is in use', detail, fix)]
}

export const checkPool: Check = {
  id: 'pool',
  title: 'Pool',
  run: ({ engine, executor }) => examinePool(engine, executor),
}
