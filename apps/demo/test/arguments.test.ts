import { describe, expect, it } from 'vitest'
import { readArguments } from '../src/arguments.js'

describe('readArguments', () => {
  it('takes a question in one piece or in words', () => {
    expect(readArguments(['who mentions forests?']).question).toBe('who mentions forests?')
    expect(readArguments(['who', 'mentions', '--short', 'forests?'])).toMatchObject({
      question: 'who mentions forests?',
      short: true,
      fresh: false,
    })
  })

  it('has no question when none is given', () => {
    expect(readArguments([]).question).toBeUndefined()
    expect(readArguments(['--short']).question).toBeUndefined()
  })

  it('refuses an empty question rather than to ask others in its place', () => {
    for (const args of [[''], [' '], ['--short', ''], ['', ' ']]) {
      expect(() => readArguments(args)).toThrow(expect.objectContaining({ code: 'ERR_EMPTY_QUESTION' }))
    }
  })

  it('refuses an option it does not know', () => {
    expect(() => readArguments(['--fast'])).toThrow(TypeError)
  })
})
