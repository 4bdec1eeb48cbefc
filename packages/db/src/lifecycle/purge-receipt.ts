import { createHash } from 'node:crypto'

/** What a purge did, and what it found afterwards. Times are those of this process. */
export interface PurgeReceipt {
  readonly userId: string
  readonly startedAt: Date
  readonly finishedAt: Date
  /**
   * Rows that this purge removed, table by table, of every table of Funes that holds rows of users. Rows that others wrote
   * meanwhile, and that went with a memory, are not counted; after a purge that was killed, those that it had removed.
   */
  readonly removed: Readonly<Record<string, number>>
  /**
   * Rows of the user when all was done, table by table: every table, partition and materialized view in the schema that has
   * a column `user_id`, as the catalogue lists them, and `users`. Those of Funes are counted while nobody can write for the
   * user, and are 0; the others are counted afterwards.
   */
  readonly remaining: Readonly<Record<string, number>>
  /** Tables that are not of Funes and have rows of the user: they are left as they are. */
  readonly left: readonly string[]
  /** Tables that are not of Funes, have such a column, and could not be read, for whatever reason. */
  readonly unread: readonly string[]
  /**
   * Cells of the totals of tool usage that a mark of the user was taken out of, their rows having been dropped before
   * (`keepRawMs`). Totals of rows that were there are counted anew without the user's, and are not in this number.
   */
  readonly unmarkedTotals: number
  /** Whether the tables were vacuumed, so that no page of an index holds a vector of the user any more. */
  readonly vacuumed: boolean
  /** The code of the error that kept them from being vacuumed where that was asked for; null otherwise. */
  readonly vacuumError: string | null
  /** {@link purgeDigest} of all of the above. */
  readonly digest: string
}

/** JSON without white space, the keys of every object in the order of their code units: one text for one value. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value instanceof Date || typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`
}

/**
 * The digest of a receipt: SHA-256, in hexadecimal, over the UTF-8 bytes of the receipt without its digest as JSON, without
 * white space, keys sorted by code unit, dates in ISO 8601 in UTC. It is the same for a receipt that was stored as JSON.
 */
export function purgeDigest(receipt: Omit<PurgeReceipt, 'digest'> & { readonly digest?: unknown }): string {
  const { digest: _, ...rest } = receipt
  return createHash('sha256').update(canonical(rest)).digest('hex')
}
