import fc from 'fast-check'
import { expect, it } from 'vitest'
import { questionBetween } from '../src/indexes/question.js'
import { decodeVector } from '../src/vector.js'
import { cosineDistance } from './vectors.js'

const component = fc.integer({ min: -100, max: 100 }).map((n) => n / 10)
const vector = fc
  .array(component, { minLength: 6, maxLength: 6 })
  .filter((v) => v.some((x) => Math.abs(x) >= 0.1))

it('a question made of two vectors lies between them, nearer to the first, and is as long as it', () => {
  fc.assert(
    fc.property(vector, vector, (a, b) => {
      const [v, w] = [Float32Array.from(a), Float32Array.from(b)]
      const q = decodeVector(questionBetween(v, w))
      expect(Math.hypot(...q)).toBeCloseTo(Math.hypot(...v), 3)
      const [toV, toW, between] = [cosineDistance(q, v), cosineDistance(q, w), cosineDistance(v, w)]
      return toV <= toW + 1e-5 && toV <= between + 1e-5
    }),
  )
})
