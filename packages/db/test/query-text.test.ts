import { expect, it } from 'vitest'
import { readQueryText } from '../src/memories/query-text.js'

it.each([
  ['Where did she go?', { words: 'Where did she go?' }],
  ['"red car" fast', { words: 'red car fast', required: [['red car']] }],
  ['"red car" "blue boat"', { words: 'red car blue boat', required: [['red car', 'blue boat']] }],
  ['"red car" or "blue boat"', { words: 'red car or blue boat', required: [['red car'], ['blue boat']] }],
  ['tea or coffee', { words: 'tea or coffee' }],
  ['tea -sugar -"cold milk"', { words: 'tea', excludedWords: ['sugar'], excludedPhrases: ['cold milk'] }],
  ['well-known - 5 -', { words: 'well-known - 5 -' }],
  ['was it -5 or -2.5% or -7?', { words: 'was it -5 or -2.5% or -7?' }],
  ['-3d -"5"', { words: '', excludedWords: ['3d'], excludedPhrases: ['5'] }],
  ['"" "unclosed', { words: '"unclosed' }],
])('reads %j', (text, expected) => {
  expect(readQueryText(text)).toEqual({
    required: null,
    excludedPhrases: [],
    excludedWords: [],
    ...expected,
  })
})
