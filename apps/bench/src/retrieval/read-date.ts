const EARLIEST = Date.parse('0001-01-01T00:00:00Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')
const DAY_MS = 86_400_000

/** Numbers below are seconds since 1970, of years up to 5138; as milliseconds they would be of 1973 and before. */
const SECONDS_BELOW = 1e11

/**
 * The forms of ISO 8601, extended (`2024-05-08T13:56`) and basic (`20240508T1356`): a year, a month, a day of the month, of the
 * year (`2024-129`) or of a week (`2024-W19-3`); a time down to any fraction of a second; an offset, and behind it a zone's name.
 */
const ISO =
  /^(?<year>\d{4})(?:-?(?:W(?<week>\d{2})(?:-?(?<weekday>[1-7]))?|(?<ordinal>\d{3})|(?<month>\d{2})(?:-?(?<day>\d{2}))?))?(?:[T ]\s*(?<hour>\d{2})(?::?(?<minute>\d{2})(?::?(?<second>\d{2})(?:[.,](?<fraction>\d+))?)?)?\s*(?:Z|UTC|(?<sign>[+-])(?<offsetHours>\d{2}):?(?<offsetMinutes>\d{2})?)?(?:\[[^\]]*\])?)?$/i

type Parts = Readonly<Record<string, string | undefined>>

/** Midnight of the day in UTC; not a number where the calendar has no such day. */
function dayOf({ year, week, weekday = '1', ordinal, month = '01', day = '01' }: Parts): number {
  const firstOfYear = Date.parse(`${year}-01-01`)
  if (ordinal !== undefined) {
    const date = firstOfYear + (Number(ordinal) - 1) * DAY_MS
    return new Date(date).getUTCFullYear() === Number(year) ? date : Number.NaN
  }
  if (week !== undefined) {
    if (Number(week) < 1 || Number(week) > 53) return Number.NaN
    // The fourth of January is in the first week, which begins on the Monday before.
    const fourth = firstOfYear + 3 * DAY_MS
    const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS
    return monday + ((Number(week) - 1) * 7 + Number(weekday) - 1) * DAY_MS
  }
  const date = Date.parse(`${year}-${month}-${day}`)
  // A thirtieth of February would be taken for the first of March.
  return new Date(date).getUTCDate() === Number(day) ? date : Number.NaN
}

function timeOf({ hour = '00', minute = '00', second = '00', fraction = '0' }: Parts): number {
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)]
  const isMidnight = hours === 24 && minutes === 0 && seconds === 0
  // The sixtieth second is one that leaps.
  if ((hours > 23 && !isMidnight) || minutes > 59 || seconds > 60) return Number.NaN
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + Math.floor(Number(`0.${fraction}`) * 1000)
}

function fromIso(text: string): number {
  const parts = ISO.exec(text)?.groups
  if (parts === undefined) return Number.NaN
  const { sign = '+', offsetHours = '0', offsetMinutes = '0' } = parts
  const offset = Number(`${sign}1`) * (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000
  return dayOf(parts) + timeOf(parts) - offset
}

/**
 * A date in any form of ISO 8601, of UTC where it says no offset, or milliseconds or seconds since 1970 as a number or as digits.
 *
 * @returns undefined where it is none, or not of the years 1 to 9999
 */
export function readDate(value: unknown): Date | undefined {
  const text = typeof value === 'string' ? value.trim() : ''
  const number = /^-?\d{9,15}(\.\d+)?$/.test(text) ? Number(text) : value
  const ms =
    typeof number !== 'number' ? fromIso(text) : Math.abs(number) < SECONDS_BELOW ? number * 1000 : number
  return ms >= EARLIEST && ms <= LATEST ? new Date(ms) : undefined
}
