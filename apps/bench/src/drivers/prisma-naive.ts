import { PrismaPg } from '@prisma/adapter-pg'
import pgvector from 'pgvector'
import type { Row } from '../dataset/row.js'
import { scopeName } from '../dataset/scopes.js'
import { PrismaClient } from '../generated/prisma/client.js'
import { prismaItems } from '../storage/items.js'
import type { Driver, Effort } from './driver.js'

interface PrismaEffort extends Effort {
  readonly isIndexed: boolean
  /** What a connection begins with. */
  readonly settings?: Readonly<Record<string, string | number>>
}

const iterative = { 'hnsw.iterative_scan': 'relaxed_order' }

const EFFORTS: readonly PrismaEffort[] = [
  { name: 'HNSW index', isIndexed: true },
  { name: 'HNSW index, iterative scan', isIndexed: true, settings: iterative, isForFilters: true },
  { name: 'HNSW index, ef 200', isIndexed: true, settings: { 'hnsw.ef_search': 200, ...iterative } },
  { name: 'documented, no index', isIndexed: false, isDefault: true },
]

export const driver: Driver = {
  name: 'prisma-naive',
  about: "Prisma's $queryRaw with vectors as text, as pgvector-node's Prisma example has it",
  role: 'peer',
  engines: ['server', 'embedded'],
  storage: prismaItems,
  filters: ['user'],
  async open(database, { connections }) {
    const openClient = async (settings: PrismaEffort['settings'] = {}) => {
      const opened = await database.openPool({ connections, settings })
      return {
        pool: opened,
        prisma: new PrismaClient({ adapter: new PrismaPg(opened, { disposeExternalPool: false }) }),
      }
    }
    const closeClient = async () => {
      await prisma.$disconnect()
      await database.closePool(pool)
    }
    let { pool, prisma } = await openClient()
    let indexed = true

    async function search(text: string, k: number, userId: string | undefined): Promise<{ id: string }[]> {
      if (indexed) {
        return userId === undefined
          ? prisma.$queryRaw`SELECT id, content, metadata, embedding <=> ${text}::vector AS distance FROM items ORDER BY embedding <=> ${text}::vector LIMIT ${k}`
          : prisma.$queryRaw`SELECT id, content, metadata, embedding <=> ${text}::vector AS distance FROM items WHERE user_id = ${userId} ORDER BY embedding <=> ${text}::vector LIMIT ${k}`
      }
      return userId === undefined
        ? prisma.$queryRaw`SELECT id, content, metadata, embedding <=> ${text}::vector AS distance FROM plain_items ORDER BY embedding <=> ${text}::vector LIMIT ${k}`
        : prisma.$queryRaw`SELECT id, content, metadata, embedding <=> ${text}::vector AS distance FROM plain_items WHERE user_id = ${userId} ORDER BY embedding <=> ${text}::vector LIMIT ${k}`
    }

    async function add(row: Row): Promise<void> {
      const text = pgvector.toSql(Array.from(row.vector))
      await prisma.$executeRaw`INSERT INTO items (id, user_id, content, metadata, embedding) VALUES (${row.id}::uuid, ${row.userId}, ${row.content}, ${JSON.stringify(row.metadata)}::jsonb, ${text}::vector)`
    }

    /** Prisma's own createMany writes what Prisma can see; each vector then takes a statement of its own. */
    async function createMany(rows: readonly Row[]): Promise<void> {
      for (let i = 0; i < rows.length; i += 500) {
        const batch = rows.slice(i, i + 500)
        await prisma.$transaction([
          prisma.item.createMany({
            data: batch.map(({ id, userId, content, metadata }) => ({
              id,
              userId,
              content,
              metadata: metadata as Record<string, number>,
            })),
          }),
          ...batch.map(
            ({ id, vector }) =>
              prisma.$executeRaw`UPDATE items SET embedding = ${pgvector.toSql(Array.from(vector))}::vector WHERE id = ${id}::uuid`,
          ),
        ])
      }
    }

    return {
      efforts: EFFORTS,
      async use(effort) {
        const { isIndexed, settings } = effort as PrismaEffort
        indexed = isIndexed
        await closeClient()
        ;({ pool, prisma } = await openClient(settings))
      },
      async search({ query, k, scope }) {
        const userId = scope === undefined ? undefined : scopeName(scope)
        const rows = await search(pgvector.toSql(query.numbers), k, userId)
        return rows.map(({ id }) => id)
      },
      add,
      bulk: [{ name: 'createMany', beforeIndex: true, maxRows: 20_000, load: createMany }],
      close: closeClient,
    }
  },
}
