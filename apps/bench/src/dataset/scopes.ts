/**
 * What a search is confined to: one user, one session of a user, a label or a topic in the metadata, whoever's it is.
 * `share` is the part of all rows that is left. A label has nothing to do with what a memory means; a topic has.
 */
export interface Scope {
  readonly by: 'user' | 'session' | 'metadata' | 'topic'
  readonly share: number
}

/** Themes that the vectors gather around. */
export const CLUSTERS = 1500

/** The shares of all rows that a sweep over selectivity filters by. */
const SHARES = {
  user: [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0001],
  session: [0.35, 0.1, 0.01, 0.001, 0.0001],
  metadata: [0.5, 0.1, 0.01, 0.001, 0.0001],
  // Of whole themes: one is the least.
  topic: [0.5, 0.1, 0.01, 1 / CLUSTERS],
} as const

export const FILTERS = ['user', 'session', 'metadata', 'topic'] as const

export const SCOPES: readonly Scope[] = FILTERS.flatMap((by) => SHARES[by].map((share) => ({ by, share })))

const CYCLE = 10_000

/** Places of `count` go to the shares one after the other; beyond them `rest` counts on from 0. */
function shareOf(place: number, count: number, shares: readonly number[]) {
  let rest = place
  for (const share of shares) {
    const places = Math.round(share * count)
    if (rest < places) return { share }
    rest -= places
  }
  return { rest }
}

/**
 * Out of every 10,000 rows each share has its exact part, scattered evenly, so that a share is the same at every
 * size. A stride without a divisor in common with 10,000 does the scattering; two strides make two filters
 * independent of each other.
 */
const shareAt = (index: number, stride: number, shares: readonly number[]) =>
  shareOf((index * stride) % CYCLE, CYCLE, shares)

const OWNER_STRIDE = 617
const LABEL_STRIDE = 389

const name = (by: Scope['by'], share: number): string => `${by}-${Number((share * 100).toPrecision(3))}%`

/** The id of the user, of the session, of the label or of the topic that a scope means. */
export const scopeName = ({ by, share }: Scope): string => name(by, share)

/** The user whose sessions a sweep over sessions searches: the one with the most memories. */
export const SESSION_OWNER = name('user', SHARES.user[0])

/** The rows of 10,000 that belong to no user with a share. */
const REST = CYCLE - SHARES.user.reduce((sum, share) => sum + Math.round(share * CYCLE), 0)
const GOLDEN = 0.6180339887498949

/**
 * Who owns a row. Eight users have shares; what those leave goes to the others, one row to each at first and then, as
 * people differ, to the n-th in proportion to 1 / n.
 */
function createOwners(users: number): (index: number) => string {
  const others = Math.max(1, users - SHARES.user.length)
  const bounds = new Float64Array(others)
  let sum = 0
  for (let i = 0; i < others; i++) {
    sum += 1 / (i + 1)
    bounds[i] = sum
  }
  function drawn(ordinal: number): number {
    // Multiples of the golden ratio fill the interval evenly: no generator has to be gone through.
    const at = sum * ((ordinal * GOLDEN) % 1)
    let [low, high] = [0, others - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((bounds[middle] as number) > at) high = middle
      else low = middle + 1
    }
    return low
  }
  return (index) => {
    const { share, rest } = shareAt(index, OWNER_STRIDE, SHARES.user)
    if (share !== undefined) return name('user', share)
    const ordinal = Math.floor(index / CYCLE) * REST + (rest as number)
    return `user-${ordinal < others ? ordinal : drawn(ordinal)}`
  }
}

/** The session a row belongs to. */
function sessionOf(index: number): string {
  if (shareAt(index, OWNER_STRIDE, SHARES.user).share !== SHARES.user[0]) return 'only-session'
  // The same stride: the owner has the first half of the places, and the sessions with a share are the first of those.
  const { share } = shareAt(index, OWNER_STRIDE, SHARES.session)
  return share === undefined ? 'session-of-the-rest' : name('session', share)
}

/** The label in a row's metadata, independent of its owner and of what it means. */
function labelOf(index: number): string {
  const { share } = shareAt(index, LABEL_STRIDE, SHARES.metadata)
  return share === undefined ? 'label-of-the-rest' : name('metadata', share)
}

/** The topic of each theme: themes that lie beside each other share one, as a project's memories or a language's do. */
function topicsOf(bearing: (cluster: number) => number): readonly string[] {
  const ordered = Array.from({ length: CLUSTERS }, (_, cluster) => cluster).sort(
    (a, b) => bearing(a) - bearing(b),
  )
  const topics: string[] = []
  for (const [place, cluster] of ordered.entries()) {
    const { share } = shareOf(place, CLUSTERS, SHARES.topic)
    topics[cluster] = share === undefined ? 'topic-of-the-rest' : name('topic', share)
  }
  return topics
}

/** Whose a row is, and by what else it can be found. */
export interface Scopes {
  ownerOf(index: number): string
  sessionOf(index: number): string
  labelOf(index: number): string
  topicOf(cluster: number): string
  /** Whether a scope includes a row. */
  includes(scope: Scope, index: number): boolean
}

/**
 * @param users how many there are, once there are 10,000 rows
 * @param bearing where a theme lies along the direction in which themes differ most
 */
export function createScopes(options: {
  users: number
  clusterAt(index: number): number
  bearing(cluster: number): number
}): Scopes {
  const topics = topicsOf(options.bearing)
  const topicOf = (cluster: number) => topics[cluster] as string
  const ownerOf = createOwners(options.users)
  const namesOf = {
    user: ownerOf,
    session: sessionOf,
    metadata: labelOf,
    topic: (index: number) => topicOf(options.clusterAt(index)),
  } as const
  const includes = (scope: Scope, index: number) => namesOf[scope.by](index) === scopeName(scope)
  return { ownerOf, sessionOf, labelOf, topicOf, includes }
}
