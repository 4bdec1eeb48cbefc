import { beforeAll, describe, expect, it } from 'vitest'
import type { EmbeddingModel, UserTransaction } from '../src/index.js'
import { type MemorySearch, searchMemories } from '../src/sql/memory-search.js'
import { compile } from '../src/sql/statement.js'
import { encodeVector } from '../src/vector.js'
import type { TestDatabase } from './engines.js'
import { random, randomVector } from './vectors.js'

const DIMENSIONS = 24
const ROWS = Number(process.env.FUNES_TEST_RLS_ROWS ?? 2400)
const TOPICS = 12
const K = 10
const QUESTIONS = 15

/**
 * Searches where row-level security is on. Memories of a topic are near each other, and who speaks of it is what row-level
 * security filters by: the hard case.
 */
export function searchUnderRowLevelSecurity(db: () => TestDatabase): void {
  describe('search', () => tests(db))
}

function tests(db: () => TestDatabase): void {
  let model: EmbeddingModel
  const next = random(17)
  const topics = Array.from({ length: TOPICS }, () => randomVector(next, DIMENSIONS))
  const about = (topic: number) =>
    (topics[topic] as Float32Array).map((x) => x + 0.6 * (next() + next() + next() - 1.5))
  const userOf = (topic: number) => (topic < 6 ? 'major' : topic < 10 ? 'middle' : 'minor')

  beforeAll(async () => {
    const { funes, pool, open } = db()
    model = await funes.models.register({
      ...{ name: 'topics', dimensions: DIMENSIONS, indexKind: 'hnsw-vector', buildIndex: false },
    })
    const small = await open({ model: 'topics' })
    for (const userId of ['middle', 'minor']) await funes.tenancy.assign({ userId, tenantId: 'others' })
    await small.memories.load(
      Array.from({ length: ROWS }, (_, i) => ({
        userId: userOf(i % TOPICS),
        content: `memory ${i}`,
        importance: (i % 10) / 10,
        embedding: about(i % TOPICS),
      })),
    )
    await small.indexes.build('topics')
    await pool.query('analyze')
  })

  const search = (userId: string | null, change: Partial<MemorySearch> = {}): MemorySearch => ({
    ...{ space: model, query: encodeVector(about(0), DIMENSIONS), userId, filter: undefined },
    ...{ k: K, exactUpTo: 200, efSearch: 300 },
    ...change,
  })

  async function found(prisma: UserTransaction['prisma'], asked: MemorySearch) {
    const { text, values } = compile(searchMemories(asked))
    return prisma.$queryRawUnsafe<{ userId: string; distance: number }[]>(text, ...values)
  }

  /** Recall@10 over questions about a topic of somebody else, ties counted; and every row asked whose it is. */
  async function recall(
    prisma: UserTransaction['prisma'],
    of: () => MemorySearch,
    isSeen: (id: string) => boolean,
  ) {
    let right = 0
    for (let i = 0; i < QUESTIONS; i++) {
      const asked = of()
      const exact = await found(prisma, { ...asked, exactUpTo: null })
      const hits = await found(prisma, asked)
      expect(hits).toHaveLength(K)
      expect(hits.every(({ userId }) => isSeen(userId))).toBe(true)
      const limit = (exact.at(-1)?.distance as number) + 1e-6
      right += hits.filter(({ distance }) => distance <= limit).length
    }
    return right / (QUESTIONS * K)
  }

  it.each(['major', 'middle', 'minor'])('loses nothing in the scope of a user, %s', async (userId) => {
    await db()
      .funes.as({ userId })
      .transaction(
        async ({ prisma }) => {
          const isSeen = (id: string) => id === userId
          expect(await recall(prisma, () => search(userId), isSeen)).toBeGreaterThanOrEqual(0.98)
          const filter = { importance: { gte: 0.5 } }
          expect(await recall(prisma, () => search(userId, { filter }), isSeen)).toBeGreaterThanOrEqual(0.98)
          // Without the application's own condition.
          expect(
            await recall(prisma, () => search(null, { isConfined: true }), isSeen),
          ).toBeGreaterThanOrEqual(0.98)
        },
        { timeoutMs: 60_000 },
      )
  })

  it('loses nothing in the scope of a tenant', async () => {
    await db()
      .funes.as({ tenantId: 'others' })
      .transaction(
        async ({ prisma }) => {
          const isSeen = (id: string) => id !== 'major'
          expect(
            await recall(prisma, () => search(null, { isConfined: true }), isSeen),
          ).toBeGreaterThanOrEqual(0.98)
          expect(await recall(prisma, () => search('middle'), isSeen)).toBeGreaterThanOrEqual(0.98)
        },
        { timeoutMs: 60_000 },
      )
  })

  it('asks the vector index for many rows and the primary key for few, at the tenth time too', async () => {
    await db()
      .funes.as({ userId: 'major' })
      .transaction(
        async ({ prisma }) => {
          const plan = async (asked: MemorySearch) => {
            const { text, values } = compile(searchMemories(asked))
            const rows = await prisma.$queryRawUnsafe<{ 'QUERY PLAN': unknown }[]>(
              `explain (analyze, format json) ${text}`,
              ...values,
            )
            return JSON.stringify(rows)
          }
          for (let i = 0; i < 10; i++) {
            const many = await plan(search('major'))
            expect(executed(many)).toContain(`memory_embeddings_hnsw_m${model.id}`)
            const few = await plan(search('major', { exactUpTo: ROWS }))
            expect(executed(few)).not.toContain(`memory_embeddings_hnsw_m${model.id}`)
            expect(executed(few)).toContain('memory_embeddings_pkey')
          }
        },
        { timeoutMs: 60_000 },
      )
  })
}

/** The indexes of the plan's nodes that ran. */
function executed(plan: string): string[] {
  const names: string[] = []
  JSON.parse(plan, (_, node) => {
    if (node?.['Index Name'] !== undefined && node['Actual Loops'] > 0) names.push(node['Index Name'])
    return node
  })
  return names
}
