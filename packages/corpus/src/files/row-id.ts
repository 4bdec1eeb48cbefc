import { createHash } from 'node:crypto'

/**
 * A UUID of version 8 (RFC 9562) for a record without an id: the same for the same line of the same file, so that
 * a second load knows what the first one stored.
 */
export function rowId(line: number, userId: string, content: string): string {
  const digest = createHash('sha256').update(`${line}\0${userId}\0${content}`).digest('hex')
  const variant = (8 + (Number.parseInt(digest.charAt(16), 16) & 3)).toString(16)
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-')
}
