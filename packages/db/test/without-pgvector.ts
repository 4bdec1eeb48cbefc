import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { createPGliteStream } from '../../embedded/src/pglite-stream.js'
import { preparedCluster } from '../../embedded/src/prepared-cluster.js'

/** A pool on a PostgreSQL whose server does not have the files of pgvector. */
export async function poolWithoutPgvector(): Promise<pg.Pool> {
  const cluster = await preparedCluster()
  const db = await PGlite.create(cluster ? { loadDataDir: cluster } : {})
  const turn = {
    async run(batch: Buffer) {
      const chunks: Uint8Array[] = []
      await db.execProtocolRawStream(batch, { onRawData: (chunk) => chunks.push(Uint8Array.from(chunk)) })
      return { bytes: Buffer.concat(chunks), crash: undefined }
    },
    end: async () => {},
  }
  const engine = { takeTurn: async () => turn, close: () => db.close() }
  const pool = new pg.Pool({
    host: 'localhost',
    user: 'postgres',
    database: 'postgres',
    password: '',
    max: 1,
    stream: () => createPGliteStream(engine) as never,
  })
  const end = pool.end.bind(pool) as () => Promise<void>
  pool.end = async () => {
    await end()
    await db.close()
  }
  return pool
}
