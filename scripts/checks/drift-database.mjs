import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedPool } from '../../packages/embedded/dist/index.js'

const { Client } = createRequire(new URL('../../packages/db/package.json', import.meta.url))('pg')

const HNSW_INDEXES = `select indexdef from pg_indexes where indexdef like '%USING hnsw%' order by indexname`
const indexesOf = ({ rows }) => rows.map(({ indexdef }) => indexdef)

/**
 * An empty embedded database: how Prisma and Funes open it (`environment`, `options`), and what it holds
 * (`hnswIndexes()`, their definitions).
 */
export async function embeddedDatabase() {
  const folder = mkdtempSync(join(tmpdir(), 'funes-drift-'))
  const dataDir = join(folder, 'data')
  return {
    engine: 'embedded',
    environment: { FUNES_DATA_DIR: dataDir },
    options: { dataDir },
    async hnswIndexes() {
      const pool = await createEmbeddedPool({ dataDir })
      try {
        return indexesOf(await pool.query(HNSW_INDEXES))
      } finally {
        await pool.end()
      }
    },
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function withClient(connectionString, work) {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The same on the server of `serverUrl`, where the shadow database is made too; the role must be able to create them. */
export async function serverDatabase(serverUrl) {
  const name = `funes_drift_${randomBytes(6).toString('hex')}`
  const address = new URL(serverUrl)
  address.pathname = `/${name}`
  const url = address.href
  await withClient(serverUrl, (client) => client.query(`create database ${name}`))
  return {
    engine: 'server',
    environment: { FUNES_DATABASE_URL: url, PRISMA_ENGINE_SHADOW: 'server' },
    options: { url },
    hnswIndexes: () => withClient(url, async (client) => indexesOf(await client.query(HNSW_INDEXES))),
    drop: () =>
      withClient(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`)),
  }
}
