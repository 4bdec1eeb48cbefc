/** 1500 as 1,500. */
export const whole = (count: number): string => Math.round(count).toLocaleString('en-US')

/** Milliseconds as a person says them: 0.42 ms, 12.3 ms, 4.1 s, 1 min 5 s. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${ms < 1 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Bytes in powers of 1,000: 512 B, 12.3 kB, 4.5 MB. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** A share from 0 to 1 in percent: 12.3 %. */
export function percent(share: number | null): string | null {
  return share === null ? null : `${(100 * share).toFixed(1)} %`
}

/** The clock of a time zone; undefined for one that this runtime does not know, though a database may. */
function clockOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const twoDigits = { month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const
  try {
    return new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', timeZoneName: 'longOffset', year: 'numeric' },
      ...twoDigits,
    })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** A time to the minute on the clock of a time zone: 2026-01-31 10:30+01:00, in UTC 2026-01-31 09:30Z. */
export function minute(time: Date | null, timeZone = 'UTC'): string | null {
  if (time === null) return null
  const clock = timeZone === 'UTC' ? undefined : clockOf(timeZone)
  if (clock === undefined) return `${time.toISOString().slice(0, 16).replace('T', ' ')}Z`
  const parts = new Map(clock.formatToParts(time).map(({ type, value }) => [type, value]))
  const [year, month, day, hour, ofHour] = (['year', 'month', 'day', 'hour', 'minute'] as const).map(
    (type) => parts.get(type) ?? '',
  )
  // Nothing but GMT in some releases of Node.
  const offset = parts.get('timeZoneName')?.replace(/^GMT/, '') || '+00:00'
  return `${year?.padStart(4, '0')}-${month}-${day} ${hour}:${ofHour}${offset}`
}
