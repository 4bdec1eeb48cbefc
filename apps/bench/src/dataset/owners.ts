/** Shares of all rows that the first users own: what a sweep over selectivity filters by. */
export const SHARES = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001] as const

export const shareUser = (share: number): string => `user-${share * 100}%`

const OTHERS = 200
const CYCLE = 1000

/**
 * The user who owns a row. Out of every 1,000 rows each of {@link SHARES} has its exact part, spread evenly, so
 * that a user's share is the same at every size; what is left goes to 200 users in turn.
 */
export function ownerOf(index: number): string {
  // 617 has no divisor in common with 1,000: it scatters each user's rows over the cycle.
  let place = (index * 617) % CYCLE
  for (const share of SHARES) {
    const rows = Math.round(share * CYCLE)
    if (place < rows) return shareUser(share)
    place -= rows
  }
  return `user-${Math.floor(index / CYCLE) % OTHERS}`
}
