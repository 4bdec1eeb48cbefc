import { createFunes } from '@funes/db'
import type pg from 'pg'
import { rowId } from '../dataset/row.js'
import { MODEL } from '../storage/memories.js'

export interface RecordedStatement {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}

/** What stands for a value that changes from call to call. */
export const MARKS = {
  userId: 'the-user-that-is-replaced',
  id: rowId(281_474_976_710_655),
  content: 'the content that is replaced',
  metadata: '{"mark":true}',
} as const

const ACCURACIES = ['fast', 'high', 'exact'] as const
export type RecordedAccuracy = (typeof ACCURACIES)[number]

export interface RecordedStatements {
  readonly search: Readonly<
    Record<RecordedAccuracy, { everyone: RecordedStatement; user: RecordedStatement }>
  >
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
  const query = async (config: RecordedStatement) => {
    last = config
    return pool.query({ ...config, name: '', values: [...config.values] })
  }
  const recorder: pg.Pool = Object.create(pool, { query: { value: query } })
  const funes = await createFunes({ pool: recorder, model: MODEL })
  const embedding = new Float32Array(options.dimensions).fill(1)
  const taken = (): RecordedStatement => {
    if (!last) throw new Error('Funes sent no statement through the pool')
    return last
  }

  async function searches(accuracy: RecordedAccuracy) {
    const request = { embedding, k: options.k, accuracy }
    await funes.memories.search({ ...request, scope: 'all-users' })
    const everyone = taken()
    await funes.memories.search({ ...request, userId: MARKS.userId })
    return [accuracy, { everyone, user: taken() }] as const
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
  await pool.query('delete from users where id = $1', [MARKS.userId])
  return { search, add }
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}
