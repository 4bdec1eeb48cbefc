import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Row } from '../dataset/row.js'
import { copyRows } from '../storage/copy.js'
import {
  embeddingColumns,
  memories,
  memoryColumns,
  sessionColumns,
  sessionsOf,
  userColumns,
  usersOf,
} from '../storage/memories.js'
import { vectorBytes } from '../storage/vector-bytes.js'
import type { Driver, Effort } from './driver.js'
import {
  MARKS,
  markedValues,
  RECORDED_SCOPES,
  type RecordedAccuracy,
  type RecordedScope,
  type RecordedStatements,
  recordStatements,
} from './recorded-statements.js'

const K = 10

/** `high` and its kin are Funes's own; the others are the same statement with another hnsw.ef_search. */
interface PgEffort extends Effort {
  readonly accuracy: RecordedAccuracy
  readonly ef?: number
}

const EFFORTS: readonly PgEffort[] = [
  { name: 'ef 20', accuracy: 'high', ef: 20 },
  { name: 'fast', accuracy: 'fast' },
  { name: 'ef 80', accuracy: 'high', ef: 80 },
  { name: 'high', accuracy: 'high', isDefault: true },
  { name: 'ef 400', accuracy: 'high', ef: 400 },
  { name: 'exact', accuracy: 'exact' },
]

/** Where the statement's search effort stands: the one text that differs between two accuracies. */
function settingPlace({ search }: RecordedStatements, scope: RecordedScope): number {
  const fast = search.fast[scope].values
  return search.high[scope].values.findIndex(
    (value, i) => typeof value === 'string' && typeof fast[i] === 'string' && value !== fast[i],
  )
}

const COUNTERS = `
  create table if not exists bare_access (
    user_id text, memory_id uuid, access_count int not null, last_accessed_at timestamptz,
    primary key (user_id, memory_id)
  )
  with (fillfactor = 80)`

async function copy(pool: pg.Pool, rows: readonly Row[]): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await copyRows(client, 'users', userColumns, usersOf(rows))
    await copyRows(client, 'sessions', sessionColumns, sessionsOf(rows))
    await copyRows(client, 'memories', memoryColumns, rows)
    await copyRows(client, 'memory_embeddings', embeddingColumns(rows[0]?.vector.length ?? 0), rows)
    await client.query('commit')
  } finally {
    client.release()
  }
}

export const driver: Driver = {
  name: 'pg',
  about: "node-postgres repeating Funes's own statements: what a program without Funes would get at best",
  role: 'limit',
  engines: ['server', 'embedded'],
  storage: memories,
  filters: ['user', 'session', 'metadata', 'topic'],
  async record(database, { dimensions }) {
    const pool = await database.openPool({ connections: 1 })
    try {
      return await recordStatements(pool, { dimensions, k: K })
    } finally {
      await database.closePool(pool)
    }
  },
  async open(database, { connections, recorded }) {
    if (recorded === undefined) throw new Error('the statements have to be recorded first')
    const statements = recorded as RecordedStatements
    const pool = await database.openPool({ connections })
    let hasCounters = false
    const places = Object.fromEntries(
      RECORDED_SCOPES.map((scope) => [scope, settingPlace(statements, scope)]),
    ) as Record<RecordedScope, number>
    let effort = EFFORTS.find(({ isDefault }) => isDefault) as PgEffort

    return {
      efforts: EFFORTS,
      async use(next) {
        effort = next as PgEffort
      },
      async search({ query, k, scope }) {
        if (k !== K) throw new RangeError(`the statements were recorded for k = ${K}`)
        // A topic stands in the metadata as a label does.
        const by = scope?.by === 'topic' ? 'metadata' : (scope?.by ?? 'everyone')
        const { name, text, values } = statements.search[effort.accuracy][by]
        const place = effort.ef === undefined ? -1 : places[by]
        const marks = scope === undefined ? new Map<unknown, unknown>() : markedValues(scope)
        const replaced = (value: unknown) => marks.get(value) ?? value
        const vector = vectorBytes(query.vector)
        const result = await pool.query<{ id: string }>({
          name,
          text,
          values: values.map((value, i) => {
            if (Buffer.isBuffer(value)) return vector
            if (Array.isArray(value)) return value.map(replaced)
            return i === place ? String(effort.ef) : replaced(value)
          }),
        })
        return result.rows.map(({ id }) => id)
      },
      async add(row) {
        const { name, text, values } = statements.add
        const replaced = new Map<unknown, unknown>([
          [MARKS.userId, row.userId],
          [MARKS.id, row.id],
          [MARKS.content, row.content],
          [MARKS.metadata, JSON.stringify(row.metadata)],
        ])
        const hash = createHash('sha256').update(row.content).digest()
        const vector = vectorBytes(row.vector)
        await pool.query({
          name,
          text,
          values: values.map((value) => {
            if (Buffer.isBuffer(value)) return value.length === hash.length ? hash : vector
            return replaced.get(value) ?? value
          }),
        })
      },
      bulk:
        database.engine === 'server'
          ? [{ name: 'binary COPY', beforeIndex: true, load: (rows) => copy(pool, rows) }]
          : [],
      async touch(rows) {
        // Counters beside nothing: no foreign key, no vector index.
        if (!hasCounters) await pool.query(COUNTERS)
        hasCounters = true
        await pool.query({
          name: 'bare_touch',
          text: `
            insert into bare_access as a (user_id, memory_id, access_count, last_accessed_at)
            select u, m, 1, now() from unnest($1::text[], $2::uuid[]) as t (u, m)
            on conflict (user_id, memory_id) do update
            set access_count = a.access_count + 1, last_accessed_at = excluded.last_accessed_at`,
          values: [rows.map(({ userId }) => userId), rows.map(({ id }) => id)],
        })
      },
      close: () => database.closePool(pool),
    }
  },
}
