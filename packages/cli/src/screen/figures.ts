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

/** A time to the minute, in UTC: 2026-01-31 09:30Z. */
export function minute(time: Date | null): string | null {
  return time && `${time.toISOString().slice(0, 16).replace('T', ' ')}Z`
}
