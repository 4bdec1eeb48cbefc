import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeVector } from '../src/vector.js'

it('encodes the header and every component big-endian', () => {
  expect(encodeVector([1, -2.5], 2).toString('hex')).toBe('000200003f800000c0200000')
})

it('encodes numbers as the nearest single-precision float, like Float32Array', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e15, max: 1e15, noNaN: true }), { minLength: 1, maxLength: 50 }),
      (numbers) => {
        fc.pre(numbers.some((x) => Math.abs(x) > 1e-10))
        const bytes = encodeVector(numbers, numbers.length)
        expect(bytes).toEqual(encodeVector(Float32Array.from(numbers), numbers.length))
        numbers.forEach((x, i) => {
          expect(bytes.readFloatBE(4 + 4 * i)).toBe(Math.fround(x))
        })
      },
    ),
  )
})
