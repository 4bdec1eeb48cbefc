import type { Random } from './random.js'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** How busy each hour of the day is: quiet nights, a peak before noon, another in the evening. */
const HOURS = [4, 2, 1, 1, 1, 2, 6, 14, 26, 38, 44, 42, 34, 36, 40, 38, 34, 30, 28, 32, 36, 34, 22, 10]
const HOURS_TOTAL = HOURS.reduce((a, b) => a + b, 0)
/** Of ten conversations that a weekday would have, a day of the weekend has four. */
const WEEKEND_SHARE = 0.4

export interface Period {
  readonly start: Date
  readonly days: number
}

function isWeekend(time: number): boolean {
  const day = new Date(time).getUTCDay()
  return day === 0 || day === 6
}

/** A moment of the period, by the rhythm of people who work days and rest at weekends; milliseconds since 1970. */
export function drawMoment({ start, days }: Period, random: Random): number {
  let day: number
  do day = start.getTime() + random.below(days) * DAY_MS
  while (days >= 7 && isWeekend(day) && random.uniform() > WEEKEND_SHARE)
  let left = random.uniform() * HOURS_TOTAL
  let hour = 0
  while (left >= (HOURS[hour] as number)) left -= HOURS[hour++] as number
  return day + hour * HOUR_MS + random.below(HOUR_MS)
}
