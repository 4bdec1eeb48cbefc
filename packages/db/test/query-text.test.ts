import { expect, it } from 'vitest'
import { readQueryText } from '../src/memories/query-text.js'

it.each([
  ['Where did she go?', { words: 'Where did she go?', required: null, excluded: null }],
  ['"red car" fast', { words: 'red car fast', required: '"red car"', excluded: null }],
  [
    '"red car" "blue boat"',
    { words: 'red car blue boat', required: '"red car" "blue boat"', excluded: null },
  ],
  [
    '"red car" or "blue boat"',
    { words: 'red car or blue boat', required: '"red car" or "blue boat"', excluded: null },
  ],
  ['tea or coffee', { words: 'tea or coffee', required: null, excluded: null }],
  ['tea -sugar -"cold milk"', { words: 'tea', required: null, excluded: '"sugar" or "cold milk"' }],
  ['well-known - 5 -', { words: 'well-known - 5 -', required: null, excluded: null }],
  ['"" "unclosed', { words: '"unclosed', required: null, excluded: null }],
])('reads %j', (text, expected) => {
  expect(readQueryText(text)).toEqual(expected)
})
