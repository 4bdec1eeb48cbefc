import type pg from 'pg'
import { type Session, withConnection } from '../engine/session.js'
import { funesError } from '../errors/funes-error.js'
import {
  type ArchivedColumn,
  type ArchivedRow,
  type ArchiveScope,
  beginSnapshot,
  declareRows,
  endSnapshot,
  fetchRows,
  setWritingStyle,
} from '../sql/archive-export.js'
import type { Position } from '../sql/archive-position.js'
import { type ArchiveTable, selectHidden } from '../sql/archive-tables.js'

/**
 * Runs `work` where every statement sees the database as it is now.
 *
 * @throws what `work` throws; `DB.PERMISSION_DENIED` where row-level security hides rows from this role
 */
export async function withSnapshot<T>(pool: pg.Pool, work: (session: Session) => Promise<T>): Promise<T> {
  return withConnection(pool, async (session) => {
    await session.run(beginSnapshot)
    try {
      await session.run(setWritingStyle)
      const hidden = await session.run(selectHidden)
      if (hidden.length > 0) {
        throw funesError(
          'DB.PERMISSION_DENIED',
          'Row-level security hides rows from the role of this connection.',
          {
            fix: 'Export as the owner of the tables, or as a role with bypassrls: an archive with rows missing would not be noticed.',
            meta: { tables: hidden.map(({ table }) => table) },
          },
        )
      }
      return await work(session)
    } finally {
      await session.run(endSnapshot).catch(() => session.discard())
    }
  })
}

/** Rows a round trip. */
const PAGE = 250

/** The rows of a table one after the other, of which only a page is in memory. */
export interface RowStream {
  /** The next row, which stays the next one until it is taken. */
  peek(): Promise<ArchivedRow | undefined>
  take(): void
}

export async function openRows(
  session: Session,
  table: ArchiveTable,
  columns: readonly ArchivedColumn[],
  scope: ArchiveScope,
  position: Position | null,
): Promise<RowStream> {
  await session.run(declareRows(table, columns, scope, position))
  let page: ArchivedRow[] = []
  let at = 0
  let isOver = false
  return {
    async peek() {
      if (at >= page.length && !isOver) {
        page = await session.run(fetchRows(table, PAGE))
        at = 0
        isOver = page.length < PAGE
      }
      return page[at]
    },
    take() {
      at++
    },
  }
}
