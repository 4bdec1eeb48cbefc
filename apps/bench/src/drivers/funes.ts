import { createFunes, type Funes } from '@funes/db'
import type { Row } from '../dataset/row.js'
import { MODEL, memories } from '../storage/memories.js'
import type { Driver } from './driver.js'

const EFFORTS = [{ name: 'fast' }, { name: 'high', isDefault: true }, { name: 'exact' }] as const

const toMemory = (row: Row) => ({
  userId: row.userId,
  id: row.id,
  content: row.content,
  metadata: row.metadata as Record<string, unknown>,
  embedding: row.vector,
})

/** There is no call for it in the public face yet: the statement that design and layout provide for. */
function touch(funes: Funes, rows: readonly Row[]): Promise<unknown> {
  return funes.prisma.$executeRaw`
    insert into memory_access as a (user_id, memory_id, access_count, last_accessed_at)
    select u, m, 1, now()
    from unnest(${rows.map(({ userId }) => userId)}::text[], ${rows.map(({ id }) => id)}::uuid[]) as t (u, m)
    on conflict (user_id, memory_id) do update
    set access_count = a.access_count + 1, last_accessed_at = excluded.last_accessed_at`
}

export const driver: Driver = {
  name: 'funes',
  about: '@funes/db through its public face',
  role: 'funes',
  engines: ['server', 'embedded'],
  storage: memories,
  async open(database, { connections }) {
    const pool = await database.openPool({ connections })
    const funes = await createFunes({ pool, model: MODEL })
    let accuracy: (typeof EFFORTS)[number]['name'] = 'high'
    return {
      efforts: EFFORTS,
      async use(effort) {
        accuracy = effort.name as typeof accuracy
      },
      async search({ query, k, userId }) {
        const hits = await funes.memories.search({
          embedding: query.vector,
          k,
          accuracy,
          ...(userId === undefined ? { scope: 'all-users' } : { userId }),
        })
        return hits.map(({ memory }) => memory.id)
      },
      async add(row) {
        await funes.memories.add(toMemory(row))
      },
      bulk: [
        {
          name: 'addMany',
          beforeIndex: false,
          async load(rows) {
            await funes.memories.addMany(rows.map(toMemory))
          },
        },
      ],
      async touch(rows) {
        await touch(funes, rows)
      },
      async close() {
        await funes.close()
        await database.closePool(pool)
      },
    }
  },
}
