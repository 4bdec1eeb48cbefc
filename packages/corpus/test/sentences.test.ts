import { describe, expect, it } from 'vitest'
import { splitSentences } from '../src/sotu/sentences.js'

describe('splitSentences', () => {
  it('cuts after stops, questions and exclamations, with their closing quotes', () => {
    expect(splitSentences('He said: "Go." They went! Did they? (They did.) Yes.')).toEqual([
      'He said: "Go."',
      'They went!',
      'Did they?',
      '(They did.)',
      'Yes.',
    ])
  })

  it('does not cut after titles, initials and abbreviated names', () => {
    const whole =
      'Mr. Speaker, Gen. U. S. Grant and the U.S. Army met Messrs. Clay and Adams on Oct. 3 at No. 10.'
    expect(splitSentences(whole)).toEqual([whole])
  })

  it('cuts after the pronoun I', () => {
    expect(splitSentences('So do I. We agree.')).toEqual(['So do I.', 'We agree.'])
  })

  it('does not cut inside figures or before small letters', () => {
    const whole = 'It cost $3.5 million, i.e. more than was asked for.'
    expect(splitSentences(whole)).toEqual([whole])
  })
})
