import { afterEach, describe, expect, it } from 'vitest'
import { parseMapping } from '../../src/files/mapping.js'
import { readDate } from '../../src/files/values.js'

const zone = process.env.TZ
afterEach(() => {
  if (zone === undefined) Reflect.deleteProperty(process.env, 'TZ')
  else process.env.TZ = zone
})

describe('a date', () => {
  it.each([
    ['2024-05-01', '2024-05-01T00:00:00.000Z'],
    ['2024-05', '2024-05-01T00:00:00.000Z'],
    ['2024-05-01T10:00', '2024-05-01T10:00:00.000Z'],
    ['2024-05-01 10:00', '2024-05-01T10:00:00.000Z'],
    ['2024-05-01 10:00:07.123456', '2024-05-01T10:00:07.123Z'],
    ['2024-05-01T10:00:00z', '2024-05-01T10:00:00.000Z'],
    ['2024-05-01 10:00:00+02', '2024-05-01T08:00:00.000Z'],
    ['2024-05-01 10:00:00 -0530', '2024-05-01T15:30:00.000Z'],
    ['2024-05-01T10:00:00+02:00', '2024-05-01T08:00:00.000Z'],
    [' 1714557600000 ', '2024-05-01T10:00:00.000Z'],
    [1714557600000, '2024-05-01T10:00:00.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
  ])('%s is the same moment in every zone', (text, moment) => {
    for (const name of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
      process.env.TZ = name
      expect(readDate(text)?.toISOString()).toBe(moment)
    }
  })

  it.each([
    '2024',
    '20240501',
    '1714557600',
    '-1714557600000',
    '1e12',
    '2024-05-01T',
    '2024-05-01T10',
    '2024-02-30',
    '2024-13-01',
    '2024-05-01T25:00',
    '05/01/2024',
    '2024-05-01 about noon',
    '',
    null,
    true,
  ])('is not what %s says', (value) => {
    expect(readDate(value)).toBeUndefined()
  })
})

it('a mapping is the same in whatever order it is written', () => {
  const one = parseMapping('userId=author,content=body,createdAt=date')
  const other = parseMapping('createdAt=date, content=body, userId=author')
  expect(JSON.stringify(other)).toBe(JSON.stringify(one))
})
