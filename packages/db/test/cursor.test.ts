import { expect, it } from 'vitest'
import { readCursor, writeCursor } from '../src/cursor.js'

const ID = '0199a0c0-0000-7000-8000-000000000001'
const at = new Date('2026-01-02T03:04:05.678Z')
const forge = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

it('reads what it wrote', () => {
  expect(readCursor(writeCursor(at, ID), 'memories')).toEqual({ at, id: ID })
  expect(readCursor(writeCursor(at, 'any text'), 'sessions')).toEqual({ at, id: 'any text' })
})

it.each([
  ['an id that is no UUID', [0, 'x'], 'memories'],
  ['an id with NUL', [0, 'a\u0000'], 'sessions'],
  ['a time before the year 1', [-1e14, ID], 'memories'],
  ['a time after the year 9999', [1e15, ID], 'memories'],
  ['a time that is none', ['0', ID], 'memories'],
  ['too little', [0], 'sessions'],
  ['no list', {}, 'sessions'],
] as const)('refuses %s', (_, value, of) => {
  expect(() => readCursor(forge(value), of)).toThrow(expect.objectContaining({ code: 'INPUT.INVALID' }))
})

it('refuses what is no JSON', () => {
  expect(() => readCursor('%%%', 'sessions')).toThrow(expect.objectContaining({ code: 'INPUT.INVALID' }))
})
