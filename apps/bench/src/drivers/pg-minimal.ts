import type pg from 'pg'
import { scopeName } from '../dataset/scopes.js'
import { copyRows } from '../storage/copy.js'
import { itemColumns, leanItems } from '../storage/items.js'
import { vectorBytes } from '../storage/vector-bytes.js'
import type { Driver, Effort } from './driver.js'

interface EfEffort extends Effort {
  readonly ef: number
}

const EFFORTS: readonly EfEffort[] = [20, 40, 80, 100, 200, 400].map((ef) => ({
  name: `ef ${ef}`,
  ef,
  isDefault: ef === 40,
}))

export const driver: Driver = {
  name: 'pg-minimal',
  about: 'node-postgres, one lean table, the shortest statement, settings kept by the connection: the floor',
  role: 'limit',
  engines: ['server', 'embedded'],
  storage: leanItems,
  filters: ['user'],
  async open(database, { connections, dimensions }) {
    const cast = database.engine === 'server' ? `::halfvec(${dimensions})` : ''
    const select = (where: string) => `
      select id, content, metadata, embedding <=> $1 as distance
      from items
      ${where}
      order by embedding${cast} <=> $1::vector${cast}
      limit $2`
    const everyone = { name: 'items_search', text: select('') }
    const ofUser = { name: 'items_search_user', text: select('where user_id = $3') }
    const insert = {
      name: 'items_add',
      text: 'insert into items (id, user_id, content, metadata, embedding) values ($1, $2, $3, $4, $5)',
    }
    const open = (ef: number) =>
      database.openPool({
        connections,
        settings: { 'hnsw.ef_search': ef, 'hnsw.iterative_scan': 'relaxed_order' },
      })
    let pool: pg.Pool = await open(40)

    return {
      efforts: EFFORTS,
      async use(effort) {
        await database.closePool(pool)
        pool = await open((effort as EfEffort).ef)
      },
      async search({ query, k, scope }) {
        const vector = vectorBytes(query.vector)
        const result = await pool.query<{ id: string }>(
          scope === undefined
            ? { ...everyone, values: [vector, k] }
            : { ...ofUser, values: [vector, k, scopeName(scope)] },
        )
        return result.rows.map(({ id }) => id)
      },
      async add(row) {
        const values = [row.id, row.userId, row.content, row.metadata, vectorBytes(row.vector)]
        await pool.query({ ...insert, values })
      },
      bulk:
        database.engine === 'server'
          ? [
              {
                name: 'binary COPY',
                beforeIndex: true,
                async load(rows) {
                  const client = await pool.connect()
                  try {
                    await copyRows(client, 'items', itemColumns, rows)
                  } finally {
                    client.release()
                  }
                },
              },
            ]
          : [],
      async touch(rows) {
        await pool.query({
          name: 'items_touch',
          text: 'update items set access_count = access_count + 1 where id = any($1::uuid[])',
          values: [rows.map(({ id }) => id)],
        })
      },
      close: () => database.closePool(pool),
    }
  },
}
