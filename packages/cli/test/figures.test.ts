import { describe, expect, it } from 'vitest'
import { minute, percent } from '../src/screen/figures.js'

describe('a time', () => {
  it('is shown on the clock that is asked for, with its offset', () => {
    const time = new Date('2026-03-28T23:05:59Z')
    expect(minute(time)).toBe('2026-03-28 23:05Z')
    expect(minute(time, 'UTC')).toBe('2026-03-28 23:05Z')
    expect(minute(time, 'Europe/Berlin')).toBe('2026-03-29 00:05+01:00')
    expect(minute(new Date('2026-03-29T22:00:00Z'), 'Europe/Berlin')).toBe('2026-03-30 00:00+02:00')
    expect(minute(time, 'Asia/Kathmandu')).toBe('2026-03-29 04:50+05:45')
    expect(minute(time, 'America/New_York')).toBe('2026-03-28 19:05-04:00')
    expect(minute(new Date('2026-01-01T00:00:00Z'), 'Europe/London')).toBe('2026-01-01 00:00+00:00')
    expect(minute(null, 'Europe/Berlin')).toBeNull()
  })

  it('is shown in UTC where only the database knows the zone', () => {
    expect(minute(new Date(0), 'Mars/Olympus_Mons')).toBe('1970-01-01 00:00Z')
  })
})

describe('a share', () => {
  it('is shown in percent', () => {
    expect([0, 0.123456, 1, null].map(percent)).toEqual(['0.0 %', '12.3 %', '100.0 %', null])
  })
})
