import { z } from 'zod'
import { funesError } from './errors/funes-error.js'
import { date, idText, uuid } from './input.js'

/** Where a page ended: the key of its last row, as opaque text. */
export function writeCursor(at: Date, id: string): string {
  return Buffer.from(JSON.stringify([at.getTime(), id])).toString('base64url')
}

const time = z.int().transform((ms) => new Date(ms))
const storable = idText.refine((id) => id.isWellFormed() && !id.includes('\u0000'))
const lastSession = z.tuple([time.pipe(date), storable])
const lastMemory = z.tuple([time.pipe(date), uuid])

/**
 * Reads where a page of memories or sessions ended.
 *
 * @throws `INPUT.INVALID` for what {@link writeCursor} cannot have written
 */
export function readCursor(cursor: string, of: 'memories' | 'sessions'): { at: Date; id: string } {
  try {
    const row: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const read = (of === 'memories' ? lastMemory : lastSession).safeParse(row)
    if (read.success) return { at: read.data[0], id: read.data[1] }
  } catch {
    // Falls through to the one answer for every kind of broken cursor.
  }
  throw funesError('INPUT.INVALID', 'cursor: is not one that a page gave.', {
    fix: 'Pass `nextCursor` of the page before, unchanged.',
    meta: { path: 'cursor' },
  })
}
