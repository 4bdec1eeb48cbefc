/**
 * What a search is confined to: one user, one session of a user, or a piece of metadata whoever's it is. `share` is
 * the part of all rows that is left.
 */
export interface Scope {
  readonly by: 'user' | 'session' | 'metadata'
  readonly share: number
}

/** The shares of all rows that a sweep over selectivity filters by. */
const SHARES = {
  user: [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0001],
  session: [0.35, 0.1, 0.01, 0.001, 0.0001],
  metadata: [0.5, 0.1, 0.01, 0.001, 0.0001],
} as const

export const SCOPES: readonly Scope[] = (['user', 'session', 'metadata'] as const).flatMap((by) =>
  SHARES[by].map((share) => ({ by, share })),
)

const OTHERS = 200
const CYCLE = 10_000

/**
 * Out of every 10,000 rows each share has its exact part, scattered evenly, so that a share is the same at every
 * size. A stride without a divisor in common with 10,000 does the scattering; two strides make two filters
 * independent of each other.
 */
function shareAt(index: number, stride: number, shares: readonly number[]): number | undefined {
  let place = (index * stride) % CYCLE
  for (const share of shares) {
    const rows = Math.round(share * CYCLE)
    if (place < rows) return share
    place -= rows
  }
  return undefined
}

const name = (by: Scope['by'], share: number): string => `${by}-${Number((share * 100).toPrecision(3))}%`

/** The id of the user, of the session or of the label that a scope means. */
export const scopeName = ({ by, share }: Scope): string => name(by, share)

/** The user whose sessions a sweep over sessions searches: the one with the most memories. */
export const SESSION_OWNER = name('user', SHARES.user[0])

/** The user who owns a row; what the shares leave goes to 200 users in turn. */
export function ownerOf(index: number): string {
  const share = shareAt(index, 617, SHARES.user)
  return share === undefined ? `user-${Math.floor(index / 1000) % OTHERS}` : name('user', share)
}

/** The session a row belongs to. */
export function sessionOf(index: number): string {
  if (ownerOf(index) !== SESSION_OWNER) return 'only-session'
  // The same stride: the owner has the first half of the places, and the sessions with a share are the first of those.
  const share = shareAt(index, 617, SHARES.session)
  return share === undefined ? 'session-of-the-rest' : name('session', share)
}

/** The label in a row's metadata, independent of its owner. */
export function labelOf(index: number): string {
  const share = shareAt(index, 389, SHARES.metadata)
  return share === undefined ? 'label-of-the-rest' : name('metadata', share)
}

/** Whether a scope includes a row. */
export function includes(scope: Scope, index: number): boolean {
  switch (scope.by) {
    case 'user':
      return ownerOf(index) === scopeName(scope)
    case 'session':
      return sessionOf(index) === scopeName(scope)
    case 'metadata':
      return labelOf(index) === scopeName(scope)
  }
}
