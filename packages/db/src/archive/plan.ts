import { createRequire } from 'node:module'
import type { Executor } from '../engine/executor.js'
import { type ArchivedColumn, type ArchiveScope, selectDatabase } from '../sql/archive-export.js'
import { type ArchiveTable, selectCatalog, TOTALS } from '../sql/archive-tables.js'
import { FORMAT, FORMAT_VERSION, type Header } from './format.js'
import { archivedColumns, catalogOf } from './row-schemas.js'

/** What an archive is to hold. */
export interface ExportPlan {
  readonly scope: ArchiveScope
  readonly columns: ReadonlyMap<ArchiveTable, readonly ArchivedColumn[]>
  /** The first line, but for its time. */
  readonly header: Omit<Header, 'createdAt' | 'crc'>
}

/** The release that writes; a note for people, so a bundler that hides the package's own file harms nothing. */
function release(): string {
  try {
    const { version } = createRequire(import.meta.url)('@funes/db/package.json') as { version: string }
    return version
  } catch {
    return 'unknown'
  }
}

/** @param session stands in a snapshot */
export async function planExport(
  session: Executor,
  engine: 'server' | 'embedded',
  scope: ArchiveScope,
): Promise<ExportPlan> {
  const catalog = catalogOf(await session.run(selectCatalog))
  const [identity] = await session.run(selectDatabase)
  const columns = new Map(
    [...catalog]
      .filter(([table, all]) => all.length > 0 && (scope.users === null || !TOTALS.includes(table)))
      .map(([table, all]) => [table, archivedColumns(all)]),
  )
  const isPart = scope.users !== null || !scope.includeDeleted
  const header: ExportPlan['header'] = {
    format: FORMAT,
    version: FORMAT_VERSION,
    funes: release(),
    engine,
    ...(identity !== undefined && { database: identity.database }),
    ...(isPart && {
      only: { users: scope.users && [...scope.users], includeDeleted: scope.includeDeleted },
    }),
    tables: Object.fromEntries([...columns].map(([table, all]) => [table, all.map(({ name }) => name)])),
  }
  return { scope, columns, header }
}
