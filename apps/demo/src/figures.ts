/** 1500 as 1,500. */
export const whole = (count: number): string => count.toLocaleString('en-US')

/** Milliseconds as a person says them: 0.42 ms, 12.3 ms, 4.1 s, 1 min 5 s. */
export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`
  if (ms < 999.5) return `${ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** The middle one of the values, the lower of two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}
