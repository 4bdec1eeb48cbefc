import type { Session } from '../engine/session.js'
import { countRows } from '../sql/archive-export.js'
import type { ArchiveTable } from '../sql/archive-tables.js'
import { exportRows, recordText } from './export-rows.js'
import { createLineWriter } from './format.js'
import type { ExportPlan } from './plan.js'
import type { Resumption } from './resume.js'
import type { ArchiveCounts, ArchiveProgress } from './types.js'

/** What an archive comes to, known when it is written. */
export interface Written {
  counts: ArchiveCounts
  lines: number
  sha256: string
  moments: readonly string[]
}

export interface Writing {
  readonly plan: ExportPlan
  /** What is gone on with; undefined at the beginning. */
  readonly resumption: Resumption | undefined
  readonly onProgress: ((progress: ArchiveProgress) => void) | undefined
  /** Hears what the archive came to. */
  readonly onEnd: (written: Written) => void
}

const REPORT_EVERY = 100

/** The lines of an archive, or what is missing of them, as they are asked for. `session` stands in a snapshot. */
export async function* writeArchive(
  session: Session,
  { plan, resumption, onProgress, onEnd }: Writing,
): AsyncGenerator<Buffer> {
  const writer = createLineWriter(resumption?.state)
  const counts: Partial<Record<ArchiveTable, number>> = { ...resumption?.counts }
  const now = new Date().toISOString()
  const moments = [...(resumption?.moments ?? []), now]
  let done = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const total = onProgress && (await session.run(countRows([...plan.columns.keys()], plan.scope)))[0]?.rows

  if (resumption === undefined) {
    const { tables, ...header } = plan.header
    yield writer.line(JSON.stringify({ ...header, createdAt: now, tables }).slice(0, -1))
  } else {
    await onProgress?.({ phase: 'exporting', done, total })
    if (resumption.kept.length > 0) yield resumption.kept
    yield writer.line(`{"resumed":"${now}"`)
  }
  for await (const row of exportRows(session, plan, resumption?.position ?? null)) {
    counts[row[0]] = (counts[row[0]] ?? 0) + 1
    if (++done % REPORT_EVERY === 0) await onProgress?.({ phase: 'exporting', done, total })
    yield writer.line(recordText(row))
  }
  const sha256 = writer.digest()
  const several = moments.length > 1 && { moments }
  yield writer.line(JSON.stringify({ end: true, counts, ...several, sha256 }).slice(0, -1))
  await onProgress?.({ phase: 'exporting', done, total })
  onEnd({ counts, lines: writer.lines, sha256, moments })
}
