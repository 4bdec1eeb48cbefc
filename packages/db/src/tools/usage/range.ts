import { funesError } from '../../errors/funes-error.js'

const MS_PER_HOUR = 3_600_000

/** A moment of this second is now: between asking for the time and being asked about it a little passes. */
const NOW_MS = 1000

/** Where cells end there is nothing to be gained, and a midnight that has just passed is meant as it is. */
const isEdge = (at: Date) => at.getTime() % 900_000 === 0

/**
 * The range that is meant. Up to now is up to the end of the running hour: there it ends where a cell does, and nothing that was
 * recorded is left out for a clock that is ahead.
 *
 * @throws `INPUT.INVALID` where it ends before it begins
 */
export function rangeOf(
  given: { since?: Date | undefined; until?: Date | undefined },
  defaultLengthMs: number,
): { since: Date; until: Date } {
  const now = Date.now()
  const isNow =
    given.until === undefined || (Math.abs(given.until.getTime() - now) < NOW_MS && !isEdge(given.until))
  const until = isNow
    ? new Date(Math.floor(now / MS_PER_HOUR) * MS_PER_HOUR + MS_PER_HOUR)
    : (given.until as Date)
  const since = given.since ?? new Date(until.getTime() - defaultLengthMs)
  if (since < until) return { since, until }
  throw funesError('INPUT.INVALID', 'since: must be before until.', {
    fix: 'Correct the argument that `meta.path` names.',
    meta: { path: 'since' },
  })
}
