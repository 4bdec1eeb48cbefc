import { recall } from '@funes/corpus/exact'
import { describe, expect, it } from 'vitest'

describe('recall', () => {
  it('is the share of rows that are as near as the true k-th', () => {
    expect(recall([0.1, 0.2, 0.3, 0.9], [0.1, 0.2, 0.3, 0.4])).toBe(0.75)
    expect(recall([], [0.1])).toBe(0)
  })

  it('counts another row at the distance of the last true one', () => {
    expect(recall([0.1, 0.2 + 1e-6], [0.1, 0.2])).toBe(1)
    expect(recall([0.1, 0.2 + 1e-3], [0.1, 0.2])).toBe(0.5)
  })

  it('is never over one', () => {
    expect(recall([0.1, 0.1, 0.1], [0.1, 0.1])).toBe(1)
  })

  it('fails where there is nothing to compare with', () => {
    expect(() => recall([0.1], [])).toThrow(RangeError)
  })
})
