import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Session } from '../engine/session.js'
import { digestOfUser, selectDropped } from '../sql/archive-export.js'
import type { Position } from '../sql/archive-position.js'
import { type ArchiveTable, TOTALS } from '../sql/archive-tables.js'
import { compressionOf } from './compression.js'
import { recordText, sharedRows } from './export-rows.js'
import { notResumable } from './faults.js'
import { FORMAT, type Header, type LineState } from './format.js'
import { wholeFrames } from './frames.js'
import { after, type Before, type PartialArchive, type Place, readPartial, rowOf } from './partial.js'
import type { ExportPlan } from './plan.js'
import type { ArchiveCounts, ArchiveProgress, Compression } from './types.js'

/** How an export goes on. */
export interface Resumption {
  readonly position: Position
  /** The file is cut here. */
  readonly offset: number
  /** Lines that stood behind that, and are written again. */
  readonly kept: Buffer
  /** What checksums go on from, after the lines that are kept. */
  readonly state: LineState
  readonly counts: ArchiveCounts
  readonly moments: readonly string[]
}

/** Whether there is something that this compression can have written. */
async function isThere(path: string, compression: Compression): Promise<boolean> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return false
  const start = `{"format":"${FORMAT}"`
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(start.length), 0, start.length, 0)
    const head = buffer.subarray(0, bytesRead)
    const found = compressionOf(head)
    if (found === 'none' && head.toString('latin1') !== start) return false
    if (found !== compression) throw notResumable(['compression'])
    return true
  } finally {
    await file.close()
  }
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** The columns of all tables that are archived whatever was asked for. */
const alwaysThere = ({ tables }: Pick<Header, 'tables'>) =>
  Object.entries(tables).filter(([table]) => !TOTALS.includes(table as ArchiveTable))

/** @throws `ARCHIVE.NOT_RESUMABLE` where something else would be written now than was then */
async function assertSame(
  session: Session,
  { header, shared }: PartialArchive,
  plan: ExportPlan,
): Promise<void> {
  const now = plan.header
  const everything = { users: null, includeDeleted: true }
  const differs = [
    ...(isSame(header.database, now.database) && header.engine === now.engine ? [] : ['database']),
    ...(isSame(alwaysThere(header), alwaysThere(now)) ? [] : ['columns']),
    ...(['users', 'includeDeleted'] as const).filter(
      (name) => !isSame((header.only ?? everything)[name], (now.only ?? everything)[name]),
    ),
  ]
  if (differs.length > 0) throw notResumable(differs)
  const hash = createHash('sha256')
  for await (const row of sharedRows(session, plan)) hash.update(recordText(row)).update('\n')
  if (hash.digest('hex') !== shared) throw notResumable(['models or tools'])
}

const parsed = <T>(row: Buffer): T => JSON.parse(row.toString()) as T

/** Whether the last user is now as in what there is of it: then it is of one moment, though written at two. */
async function isUnchanged(
  session: Session,
  { columns, scope }: ExportPlan,
  user: NonNullable<PartialArchive['user']>,
  of: { user: string; memory: string },
): Promise<boolean> {
  for (const table of ['users', 'sessions', 'memories'] as const) {
    const [now] = await session.run(digestOfUser(table, columns.get(table) ?? [], scope, of))
    if (!isSame(now, user.digests[table])) return false
  }
  return true
}

/** Where to go on: as late as what there is and what is to come fit together. */
async function choose(
  session: Session,
  plan: ExportPlan,
  { user, usage, retention, totals }: PartialArchive,
): Promise<{ position: Position; place: Place } | undefined> {
  const from = usage?.from ?? totals
  if (from !== undefined) {
    const then = retention && parsed<{ raw_from: string | null }>(retention).raw_from
    const [now] = await session.run(selectDropped)
    const isAsThen = plan.scope.users !== null || (then ?? null) === (now?.rawFrom ?? null)
    if (isAsThen && totals !== undefined) return { position: { at: 'totals' }, place: totals }
    if (isAsThen && usage?.last !== undefined) {
      const { at, id } = parsed<{ at: string; id: string }>(usage.last)
      return { position: { at: 'usage', last: { at, id } }, place: usage.end }
    }
    return { position: { at: 'usage', last: null }, place: from }
  }
  if (user === undefined) return
  const { id } = parsed<{ id: string }>(rowOf(user.line)?.row as Buffer)
  if (user.memory !== undefined) {
    const memory = parsed<{ id: string }>(rowOf(user.memory.line)?.row as Buffer)
    const of = { user: id, memory: memory.id }
    if (await isUnchanged(session, plan, user, of)) {
      return { position: { at: 'memory', ...of }, place: user.memory.end }
    }
  }
  return { position: { at: 'user', user: id }, place: user.place }
}

/** Where the frame of a place is read again to find what stands before it. */
async function stateAt(
  path: string,
  compression: Compression,
  place: Place,
): Promise<Before & { kept: Buffer }> {
  for await (const { lines } of wholeFrames(path, compression, place.offset)) {
    return after(place.before, lines, place.line)
  }
  throw new Error('the interrupted export has changed')
}

/**
 * How an export goes on with what another left at `path`; undefined where nothing of use is there.
 *
 * @param session stands in a snapshot
 * @throws `ARCHIVE.NOT_RESUMABLE`
 */
export async function resumptionOf(
  session: Session,
  plan: ExportPlan,
  path: string,
  compression: Compression,
  onProgress: ((progress: ArchiveProgress) => void) | undefined,
): Promise<Resumption | undefined> {
  if (!(await isThere(path, compression))) return
  const partial = await readPartial(path, compression, onProgress)
  if (partial?.shared === undefined) return
  await assertSame(session, partial, plan)
  const chosen = await choose(session, plan, partial)
  if (chosen === undefined) return
  const { kept, counts, moments, ...state } = await stateAt(path, compression, chosen.place)
  return { position: chosen.position, offset: chosen.place.offset, kept, state, counts, moments }
}
