import { funesError } from './errors/funes-error.js'

/** Where a page ended: the key of its last row, as opaque text. */
export function writeCursor(at: Date, id: string): string {
  return Buffer.from(JSON.stringify([at.getTime(), id])).toString('base64url')
}

/** @throws `INPUT.INVALID` for anything that {@link writeCursor} did not write */
export function readCursor(cursor: string): { at: Date; id: string } {
  try {
    const [time, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown]
    const at = new Date(time as number)
    if (typeof time === 'number' && typeof id === 'string' && !Number.isNaN(at.getTime())) return { at, id }
  } catch {
    // Falls through to the one answer for every kind of broken cursor.
  }
  throw funesError('INPUT.INVALID', 'cursor: is not one that a page gave.', {
    fix: 'Pass `nextCursor` of the page before, unchanged.',
    meta: { path: 'cursor' },
  })
}
