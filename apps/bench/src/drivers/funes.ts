import { createFunes } from '@funes/db'
import type { Row } from '../dataset/row.js'
import { type Scope, SESSION_OWNER, scopeName } from '../dataset/scopes.js'
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

/** A scope as a search of Funes has it. */
export function whereOf(scope: Scope | undefined) {
  if (scope === undefined) return { scope: 'all-users' } as const
  const name = scopeName(scope)
  switch (scope.by) {
    case 'user':
      return { userId: name }
    case 'session':
      return { userId: SESSION_OWNER, filter: { sessionId: name } }
    case 'metadata':
      return { scope: 'all-users', filter: { metadata: { label: name } } } as const
    case 'topic':
      return { scope: 'all-users', filter: { metadata: { topic: name } } } as const
  }
}

export const driver: Driver = {
  name: 'funes',
  about: '@funes/db through its public face',
  role: 'funes',
  engines: ['server', 'embedded'],
  storage: memories,
  filters: ['user', 'session', 'metadata', 'topic'],
  async open(database, { connections }) {
    const pool = await database.openPool({ connections })
    const funes = await createFunes({ pool, model: MODEL })
    let accuracy: (typeof EFFORTS)[number]['name'] = 'high'
    return {
      efforts: EFFORTS,
      async use(effort) {
        accuracy = effort.name as typeof accuracy
      },
      async search({ query, k, scope }) {
        const hits = await funes.memories.search({
          embedding: query.vector,
          k,
          accuracy,
          ...whereOf(scope),
        })
        return hits.map(({ memory }) => memory.id)
      },
      async pathOf({ query, k, scope }) {
        const { explanation } = await funes.memories.search({
          ...{ embedding: query.vector, k, accuracy, explain: true },
          ...whereOf(scope),
        })
        return explanation.path
      },
      async searchMany({ queries, k }) {
        const questions = queries.map(({ vector }) => ({ embedding: vector, scope: 'all-users' as const }))
        const answers = await funes.memories.searchMany(questions, { k, accuracy })
        return answers.map((hits) => hits.map(({ memory }) => memory.id))
      },
      async searchWords({ query, k, scope, mode, isExact }) {
        const hits = await funes.memories.search({
          ...whereOf(scope),
          ...(mode !== 'text' && { embedding: query.vector }),
          ...(mode !== 'vector' && { text: query.text }),
          ...(mode === 'hybrid with context' && { context: { before: 1, after: 1 } }),
          ...(isExact && { accuracy: 'exact' as const }),
          k,
        })
        return hits.map(({ memory }) => memory.id)
      },
      async add(row) {
        await funes.memories.add(toMemory(row))
      },
      bulk: [
        {
          name: 'load (COPY)',
          beforeIndex: true,
          async load(rows) {
            await funes.memories.load(rows.map(toMemory))
          },
        },
        {
          name: 'addMany',
          beforeIndex: false,
          maxRows: 10_000,
          async load(rows) {
            await funes.memories.addMany(rows.map(toMemory))
          },
        },
      ],
      async touch(rows) {
        await funes.memories.touch(rows)
      },
      async close() {
        await funes.close()
        await database.closePool(pool)
      },
    }
  },
}
