import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutPassages } from '../src/sotu/passages.js'

const sentence = fc
  .array(fc.constantFrom('nation', 'harvest', 'of', 'peace', 'commerce,', 'treaty;', 'liberty'), {
    minLength: 1,
    maxLength: 150,
  })
  .map((words) => `The ${words.join(' ')} endures.`)

describe('cutPassages', () => {
  it('loses no word, keeps their order, and keeps to the bounds', () => {
    fc.assert(
      fc.property(fc.array(sentence, { minLength: 2, maxLength: 30 }), (sentences) => {
        const text = sentences.join(' ')
        const passages = cutPassages(text)
        for (const passage of passages) {
          expect(passage.length).toBeGreaterThanOrEqual(60)
          expect(passage.length).toBeLessThanOrEqual(530)
        }
        // A fragment at the very end may be left out, and nothing else.
        const kept = passages.join(' ')
        expect(text.startsWith(kept)).toBe(true)
        expect(text.length - kept.length).toBeLessThan(62)
      }),
    )
  })

  it('puts short sentences together and leaves long ones alone', () => {
    const short = 'We are at peace with all the nations of the earth.'
    const long = `${'A long and winding clause, '.repeat(14)}and its end.`
    expect(cutPassages(`${short} ${short} ${long} ${short} ${short}`)).toEqual([
      `${short} ${short}`,
      long,
      `${short} ${short}`,
    ])
  })

  it('leaves tables of figures out', () => {
    expect(cutPassages('Receipts - 27,468,323,420 - 1877 - 33,000,000 - 1878 - 12,999,123 - 1879.')).toEqual(
      [],
    )
  })
})
