import { describe, expect, it } from 'vitest'
import { cleanText } from '../src/sotu/clean.js'

describe('cleanText', () => {
  it("takes out transcribers' notes", () => {
    expect(cleanText('Thank you. [Laughter] And so (Applause.) we go on [1] to page [p.12] two.')).toBe(
      'Thank you. And so we go on to page two.',
    )
    expect(cleanText('Jobs. [Footnote 1: Executive Order 9808 CFR, 1946.] More jobs.')).toBe(
      'Jobs. More jobs.',
    )
  })

  it('keeps words that an editor put in', () => {
    expect(cleanText('shall protect each of them [the States] on the [2d] of May (and after)')).toBe(
      'shall protect each of them [the States] on the [2d] of May (and after)',
    )
  })

  it('leaves single blanks only, and no blank before a stop', () => {
    expect(cleanText(' one\u0002two \n  three* . Non\u2011stop ____ ')).toBe('one two three. Non-stop')
  })
})
