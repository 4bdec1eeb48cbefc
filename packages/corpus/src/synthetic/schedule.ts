import { zipfShares } from './allotment.js'
import { drawMoment, type Period } from './calendar.js'
import { createRandom, type Random } from './random.js'

/** Who talks when, and how long: one entry a session in every array, oldest first. */
export interface Schedule {
  readonly sessions: number
  /** Which user, 0 the busiest. */
  readonly user: Int32Array
  /** Which session of its user, in order of time. */
  readonly ordinal: Int32Array
  /** When it begins, in milliseconds since 1970. */
  readonly start: Float64Array
  /** The place of its first memory among all; one entry more at the end, the number of all memories. */
  readonly first: Int32Array
}

/** How strongly memories gather on few users: the exponent measured for most kinds of use is near 1. */
const ZIPF_EXPONENT = 1
/** Memories that a session has on average. */
const MEAN_SESSION = 9

/** Most sessions are short and a few are long: a geometric distribution. */
function drawSize(random: Random): number {
  return 1 + Math.floor(Math.log(1 - random.uniform()) / Math.log(1 - 1 / MEAN_SESSION))
}

/** Plans the sessions of `users` users, with `memories` memories in all. */
export function planSessions(seed: number, memories: number, users: number, period: Period): Schedule {
  const random = createRandom(seed, 10)
  const drawn: { user: number; size: number; start: number }[] = []
  for (const [user, share] of zipfShares(memories, users, ZIPF_EXPONENT).entries()) {
    for (let left = share; left > 0; ) {
      const size = Math.min(left, drawSize(random))
      drawn.push({ user, size, start: drawMoment(period, random) })
      left -= size
    }
  }
  drawn.sort((a, b) => a.start - b.start || a.user - b.user)

  const first = new Int32Array(drawn.length + 1)
  const ordinal = new Int32Array(drawn.length)
  const had = new Int32Array(users)
  for (const [i, { user, size }] of drawn.entries()) {
    first[i + 1] = (first[i] as number) + size
    ordinal[i] = had[user] as number
    had[user] = (had[user] as number) + 1
  }
  return {
    sessions: drawn.length,
    user: Int32Array.from(drawn, ({ user }) => user),
    ordinal,
    start: Float64Array.from(drawn, ({ start }) => start),
    first,
  }
}

/** The session that the memory at `index` belongs to. */
export function sessionOf({ first, sessions }: Schedule, index: number): number {
  let low = 0
  let high = sessions - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((first[middle] as number) <= index) low = middle
    else high = middle - 1
  }
  return low
}
