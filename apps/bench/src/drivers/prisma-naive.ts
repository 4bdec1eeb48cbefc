import { PrismaPg } from '@prisma/adapter-pg'
import pgvector from 'pgvector'
import type { Row } from '../dataset/row.js'
import { scopeName } from '../dataset/scopes.js'
import { PrismaClient } from '../generated/prisma/client.js'
import { prismaItems } from '../storage/items.js'
import type { Driver } from './driver.js'

const EFFORTS = [{ name: 'HNSW index' }, { name: 'documented, no index', isDefault: true }] as const

export const driver: Driver = {
  name: 'prisma-naive',
  about: "Prisma's $queryRaw with vectors as text, as pgvector-node's Prisma example has it",
  role: 'peer',
  engines: ['server', 'embedded'],
  storage: prismaItems,
  filters: ['user'],
  async open(database, { connections }) {
    const pool = await database.openPool({ connections })
    const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) })
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
        indexed = effort.name === 'HNSW index'
      },
      async search({ query, k, scope }) {
        const userId = scope === undefined ? undefined : scopeName(scope)
        const rows = await search(pgvector.toSql(query.numbers), k, userId)
        return rows.map(({ id }) => id)
      },
      add,
      bulk: [{ name: 'createMany', beforeIndex: true, load: createMany }],
      async close() {
        await prisma.$disconnect()
        await database.closePool(pool)
      },
    }
  },
}
