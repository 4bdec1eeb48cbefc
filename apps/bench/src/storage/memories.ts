import { createHash } from 'node:crypto'
import { createFunes } from '@funes/db'
import type { Row } from '../dataset/row.js'
import type { Column } from './copy.js'
import type { Database } from './database.js'
import { fill } from './fill.js'
import { onConnection, type Storage } from './storage.js'

/** The embedding model of the benchmark: the same as the one a Funes has from its migrations, of any dimension. */
export const MODEL = 'bench'
const INDEX = 'memory_embeddings_hnsw_m2'

export const sessionColumns: readonly Column[] = [
  { name: 'user_id', type: 'text', value: (row) => row.userId },
  { name: 'id', type: 'text', value: (row) => row.sessionId },
]
export const userColumns: readonly Column[] = [{ name: 'id', type: 'text', value: (row) => row.userId }]

export const memoryColumns: readonly Column[] = [
  { name: 'user_id', type: 'text', value: (row) => row.userId },
  { name: 'id', type: 'uuid', value: (row) => row.id },
  { name: 'session_id', type: 'text', value: (row) => row.sessionId },
  { name: 'content', type: 'text', value: (row) => row.content },
  {
    name: 'content_hash',
    type: 'bytea',
    value: (row) => createHash('sha256').update(row.content).digest(),
  },
  { name: 'metadata', type: 'jsonb', value: (row) => row.metadata },
]

export const embeddingColumns = (dimensions: number): readonly Column[] => [
  { name: 'user_id', type: 'text', value: (row) => row.userId },
  { name: 'memory_id', type: 'uuid', value: (row) => row.id },
  { name: 'model_id', type: 'int4', value: () => 2 },
  { name: 'dimensions', type: 'int4', value: () => dimensions },
  { name: 'embedding', type: 'vector', value: (row) => row.vector },
]

/** The first of `rows` with each key. */
function* firstOfEach(rows: Iterable<Row>, key: (row: Row) => string): Generator<Row> {
  const seen = new Set<string>()
  for (const row of rows) {
    if (seen.has(key(row))) continue
    seen.add(key(row))
    yield row
  }
}

/** One row for each user among `rows`. */
export const usersOf = (rows: Iterable<Row>) => firstOfEach(rows, ({ userId }) => userId)

/** One row for each session among `rows`. */
export const sessionsOf = (rows: Iterable<Row>) =>
  firstOfEach(rows, ({ userId, sessionId }) => JSON.stringify([userId, sessionId]))

async function register(database: Database, dimensions: number): Promise<void> {
  await onConnectionPool(database, async (pool) => {
    const funes = await createFunes({ pool })
    await funes.migrate()
    await funes.models.register({ name: MODEL, dimensions })
    await funes.close()
  })
}

async function onConnectionPool(
  database: Database,
  work: (pool: Awaited<ReturnType<Database['openPool']>>) => Promise<void>,
): Promise<void> {
  const pool = await database.openPool({ connections: 1 })
  try {
    await work(pool)
  } finally {
    await database.closePool(pool)
  }
}

/** The tables of Funes, made by its own migrations. */
export const memories: Storage = {
  name: 'memories',
  tables: ['memory_embeddings'],
  async create(database, dimensions) {
    await register(database, dimensions)
    await onConnection(database, (client) => client.query(`drop index if exists ${INDEX}`))
  },
  async load(database, rows) {
    const [first] = rows
    const dimensions = first?.vector.length ?? 0
    await fill(database, usersOf(rows), [{ name: 'users', columns: userColumns }])
    await fill(database, sessionsOf(rows), [{ name: 'sessions', columns: sessionColumns }])
    await fill(database, rows, [
      { name: 'memories', columns: memoryColumns },
      { name: 'memory_embeddings', columns: embeddingColumns(dimensions) },
    ])
  },
  // Registering a model again makes its missing index: so the definition measured is Funes's own.
  buildIndex: register,
}
