import { createFunes } from '@funes/db'
import type pg from 'pg'
import { rowId } from '../dataset/row.js'
import { type Scope, SESSION_OWNER, scopeName } from '../dataset/scopes.js'
import { MODEL } from '../storage/memories.js'

export interface RecordedStatement {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}

/** What stands for a value that changes from call to call. */
export const MARKS = {
  userId: 'the-user-that-is-replaced',
  sessionId: 'the-session-that-is-replaced',
  label: 'the-label-that-is-replaced',
  id: rowId(281_474_976_710_655),
  content: 'the content that is replaced',
  metadata: '{"mark":true}',
} as const

export const RECORDED_SCOPES = ['everyone', 'user', 'session', 'metadata'] as const
export type RecordedScope = (typeof RECORDED_SCOPES)[number]

const containment = (label: string) => ({ label })
const topicContainment = (topic: string) => ({ topic })

/** What takes the place of the marks, for a search in a scope. */
export function markedValues(scope: Scope): Map<unknown, unknown> {
  const name = scopeName(scope)
  return new Map<unknown, unknown>([
    [MARKS.userId, scope.by === 'session' ? SESSION_OWNER : name],
    [MARKS.sessionId, name],
    [
      JSON.stringify(containment(MARKS.label)),
      JSON.stringify(scope.by === 'topic' ? topicContainment(name) : containment(name)),
    ],
  ])
}

const ACCURACIES = ['fast', 'high', 'exact'] as const
export type RecordedAccuracy = (typeof ACCURACIES)[number]

export interface RecordedStatements {
  readonly search: Readonly<Record<RecordedAccuracy, Readonly<Record<RecordedScope, RecordedStatement>>>>
  readonly add: RecordedStatement
}

/**
 * Has Funes issue each of its statements once and writes them down, so that a bare driver can repeat exactly
 * them: the two can never drift apart. Leaves no row behind.
 */
export async function recordStatements(
  pool: pg.Pool,
  options: { dimensions: number; k: number },
): Promise<RecordedStatements> {
  let last: RecordedStatement | undefined
  const listened = new Set<pg.PoolClient>()
  function listen(client: pg.PoolClient): void {
    if (listened.has(client)) return
    listened.add(client)
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    client.query = ((config: RecordedStatement, ...rest: unknown[]) => {
      // Beside what is to be recorded Funes asks for the model that is in use: without a vector.
      if (!config.values?.some((value) => Buffer.isBuffer(value))) return query(config, ...rest)
      last = config
      return query({ ...config, name: '', values: [...config.values] }, ...rest)
    }) as pg.PoolClient['query']
  }
  const connect = (done: Parameters<pg.Pool['connect']>[0]) =>
    pool.connect((error, client, release) => {
      if (client) listen(client)
      done(error, client, release)
    })
  const recorder: pg.Pool = Object.create(pool, { connect: { value: connect } })
  const funes = await createFunes({ pool: recorder, model: MODEL })
  const embedding = new Float32Array(options.dimensions).fill(1)
  const taken = (): RecordedStatement => {
    if (!last) throw new Error('Funes sent no statement through the pool')
    return last
  }

  const { userId, sessionId } = MARKS
  const wheres = {
    everyone: { scope: 'all-users' },
    user: { userId },
    session: { userId, filter: { sessionId } },
    metadata: { scope: 'all-users', filter: { metadata: containment(MARKS.label) } },
  } as const satisfies Record<RecordedScope, object>

  async function searches(accuracy: RecordedAccuracy) {
    const recorded = await inTurn(RECORDED_SCOPES, async (scope) => {
      await funes.memories.search({ embedding, k: options.k, accuracy, ...wheres[scope] })
      return [scope, taken()] as const
    })
    return [accuracy, Object.fromEntries(recorded)] as const
  }
  const search = Object.fromEntries(await inTurn(ACCURACIES, searches)) as RecordedStatements['search']
  const metadata = JSON.parse(MARKS.metadata)
  await funes.memories.add({
    userId: MARKS.userId,
    id: MARKS.id,
    content: MARKS.content,
    metadata,
    embedding,
  })
  const add = taken()
  await funes.close()
  // What stands before the prototype's own method again.
  for (const client of listened) Reflect.deleteProperty(client, 'query')
  await pool.query('delete from users where id = $1', [MARKS.userId])
  return { search, add }
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}
