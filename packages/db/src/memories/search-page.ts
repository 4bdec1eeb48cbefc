import { createHash } from 'node:crypto'
import { z } from 'zod'
import { funesError } from '../errors/funes-error.js'
import type { MemorySearch } from '../sql/memory-search.js'
import { type PageEnd, searchPage } from '../sql/search-page.js'
import type { MemoryContext } from './context.js'
import type { CallExplanation, ExplainedHit, HitExplanation } from './explain.js'
import { vectorHit } from './hit.js'
import type { Accuracy, MemoryHit, SearchMode } from './types.js'

interface Pageable {
  mode: SearchMode
  accuracy?: Accuracy | undefined
  ranking?: unknown
  diversity?: unknown
}

/** Why the order of a search is not the same every time, if so. */
function unstable({ mode, accuracy, ranking, diversity }: Pageable): string | undefined {
  if (diversity !== undefined) return 'diversity chooses each hit by those before it'
  if (ranking !== undefined) return 'a ranking depends on its candidates and on the time'
  if (mode !== 'vector') return 'scores of words change with every memory that is stored'
  if (accuracy !== 'exact') return 'an index may answer otherwise the next time'
  return undefined
}

/**
 * Refuses to page through what has no stable order.
 *
 * @throws `INPUT.INVALID`
 */
export function assertPageable(search: Pageable): void {
  const reason = unstable(search)
  if (reason === undefined) return
  throw funesError('INPUT.INVALID', `after: there are no pages here, as ${reason}.`, {
    fix: "Page with mode: 'vector' and accuracy: 'exact', without ranking and diversity; or ask for more at once (k up to 1,000); or page by time with memories.list.",
    meta: { path: 'after', reason },
  })
}

/** What a page belongs to: a cursor is good for the search that gave it, and for no other. */
function digestOf({ query, userId, filter, space }: MemorySearch): string {
  return createHash('sha256')
    .update(JSON.stringify([userId, space.id, filter ?? null]))
    .update(query)
    .digest('base64url')
    .slice(0, 16)
}

/** The digest, and the key of the hit; the distance as text, in which an infinity survives. */
const cursorSchema = z.tuple([
  z.string(),
  z.string().refine((text) => String(Number(text)) === text && text !== 'NaN'),
  z.guid(),
  z.string().refine((text) => text.isWellFormed() && !text.includes('\0')),
  z.string(),
])

const NO_CURSOR = [
  'after: is not a cursor that a search gave.',
  { fix: 'Pass `cursor` of the last hit, unchanged; null begins.', meta: { path: 'after' } },
] as const

/** With a digest of all of it at its end: a cursor that was touched is none. */
function writePageCursor(digest: string, { distance, id, userId }: PageEnd): string {
  const end = [digest, String(distance), id, userId]
  const whole = createHash('sha256').update(JSON.stringify(end)).digest('base64url').slice(0, 8)
  return Buffer.from(JSON.stringify([...end, whole])).toString('base64url')
}

function readPageCursor(cursor: string, digest: string): PageEnd {
  const { success, data } = cursorSchema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()))
  if (!success) throw funesError('INPUT.INVALID', ...NO_CURSOR)
  const [of, distance, id, userId] = data
  const end = { distance: Number(distance), id, userId }
  if (writePageCursor(of, end) !== cursor) throw funesError('INPUT.INVALID', ...NO_CURSOR)
  if (of !== digest) {
    throw funesError('INPUT.INVALID', 'after: is the cursor of another search.', {
      fix: 'Search for the same again: user, filter, model and the very same vector. Embed a text once, and pass `embedding`.',
      meta: { path: 'after' },
    })
  }
  return end
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const NO_PARTS: HitExplanation = {
  vector: null,
  text: null,
  neighbour: null,
  relevance: null,
  recency: null,
  importance: null,
  diversity: null,
}

/** What makes the search by meaning for so many rows, and how many a page has. */
interface Paged {
  k: number
  vector(limit: number): MemorySearch | Promise<MemorySearch>
}

/** One page of all memories by exact distance; each hit carries the cursor that goes on behind it. */
export async function findPage(
  context: MemoryContext,
  { k, vector }: Paged,
  after: string | null,
): Promise<MemoryHit[]> {
  return pageOf(context, await vector(k), after)
}

async function pageOf(context: MemoryContext, search: MemorySearch, after: string | null) {
  const digest = digestOf(search)
  const end = after === null ? null : readPageCursor(after, digest)
  const rows = await context.executor.run(searchPage({ ...search, after: end }))
  return rows.map((row) => ({
    ...vectorHit(row, search.space.metric),
    cursor: writePageCursor(digest, { distance: row.distance, id: row.id, userId: row.userId }),
  }))
}

/** The same, and how it went: every row is compared, however many there are. */
export async function explainPage(
  context: MemoryContext,
  { k, vector }: Paged,
  after: string | null,
): Promise<{ hits: ExplainedHit[]; explanation: CallExplanation }> {
  const start = performance.now()
  const search = await vector(k)
  const embedded = performance.now()
  const hits = await pageOf(context, search, after)
  const timings = { embedMs: embedded - start, statementMs: performance.now() - embedded }
  return {
    hits: hits.map((hit) => ({ ...hit, explanation: NO_PARTS })),
    explanation: {
      mode: 'vector',
      path: 'exact',
      candidates: null,
      rowsExamined: { vector: null, text: null },
      considered: hits.length,
      efSearch: null,
      timings,
    },
  }
}
