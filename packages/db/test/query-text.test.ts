import { expect, it } from 'vitest'
import { type Occurrence, readQueryText } from '../src/memories/query-text.js'

/** `"a phrase"` or a word. */
const occurrence = (text: string): Occurrence =>
  text.startsWith('"') ? { phrase: text.slice(1, -1) } : { word: text }

it.each([
  ['Where did she go?', { words: 'Where did she go?' }],
  ['"red car" fast', { words: 'red car fast', required: [['"red car"']] }],
  ['"red car" "blue boat"', { words: 'red car blue boat', required: [['"red car"', '"blue boat"']] }],
  ['"red car" or "blue boat"', { words: 'red car or blue boat', required: [['"red car"'], ['"blue boat"']] }],
  ['"red car" or boat', { words: 'red car or boat', required: [['"red car"'], ['boat']] }],
  ['boat or "red car"', { words: 'boat or red car', required: [['boat'], ['"red car"']] }],
  ['a boat or "red car" fast', { words: 'a boat or red car fast', required: [['boat'], ['"red car"']] }],
  [
    'bus or boat OR "red car"',
    { words: 'bus or boat OR red car', required: [['bus'], ['boat'], ['"red car"']] },
  ],
  ['"a" or "b" "c" or d', { words: 'a or b c or d', required: [['"a"'], ['"b"', '"c"'], ['d']] }],
  ['tea or coffee "at five"', { words: 'tea or coffee at five', required: [['"at five"']] }],
  ['or "at five" or', { words: 'or at five or', required: [['"at five"']] }],
  ['"a" or -x "c"', { words: 'a or c', required: [['"a"'], ['"c"']], excludedWords: ['x'] }],
  ['"a" -x "c"', { words: 'a c', required: [['"a"', '"c"']], excludedWords: ['x'] }],
  ['("a b") or ("c")', { words: '( a b ) or ( c )', required: [['"a b"'], ['"c"']] }],
  ['tea or coffee', { words: 'tea or coffee' }],
  ['tea -sugar -"cold milk"', { words: 'tea', excludedWords: ['sugar'], excludedPhrases: ['cold milk'] }],
  ['well-known - 5 -', { words: 'well-known - 5 -' }],
  ['was it -5 or -2.5% or -7?', { words: 'was it -5 or -2.5% or -7?' }],
  ['-3d -"5"', { words: '', excludedWords: ['3d'], excludedPhrases: ['5'] }],
  ['"" "unclosed', { words: '"unclosed' }],
  [
    '“red car” -„cold milk“ «blue boat»',
    { required: [['"red car"', '"blue boat"']], excludedPhrases: ['cold milk'], words: 'red car blue boat' },
  ],
  ['he said:"tea at five", twice', { words: 'he said: tea at five , twice', required: [['"tea at five"']] }],
  ['a 5" nail and a 3" screw', { words: 'a 5" nail and a 3" screw' }],
  ['tea −milk ‐ice and −5', { words: 'tea and -5', excludedWords: ['milk', 'ice'] }],
  ["tea -'milk' -‘cold ice’ −‚a b’", { words: 'tea', excludedPhrases: ['milk', 'cold ice', 'a b'] }],
  ["tea -don't -'tis", { words: "tea -'tis", excludedWords: ["don't"] }],
  ['well‑known – 5−3', { words: 'well‑known – 5−3' }],
])(
  'reads %j',
  (text, expected: {
    words: string
    required?: string[][]
    excludedWords?: string[]
    excludedPhrases?: string[]
  }) => {
    expect(readQueryText(text)).toEqual({
      excludedPhrases: [],
      excludedWords: [],
      ...expected,
      required: expected.required?.map((together) => together.map(occurrence)) ?? null,
    })
  },
)

const times = (n: number, part: (i: number) => string, between = ' ') =>
  Array.from({ length: n }, (_, i) => part(i)).join(between)

it.each([
  ['{"drink": "tea", "sugar": -1}'],
  ['she wrote “drink”: “tea” -sugar'],
  ['["tea", "milk"]'],
  ['console.log("tea")'],
  ['level=error msg="tea is cold" -v'],
  ['<a title="tea">tea</a> -x'],
  ['const drink = "tea";\nbrew(drink)'],
  ['if (x === "tea") {\r\n  pour()'],
  ['-tea\n-milk'],
  ['to buy:\n  -tea\n  -milk -"ice"'],
  ['-const tea = 1\n+const tea = 2'],
  [times(33, (i) => `"w${i}"`)],
  [times(17, (i) => `"a${i}" or "b${i}"`)],
  [`"tea" or ${times(32, (i) => `w${i}`, ' or ')}`],
  [`tea ${times(33, (i) => `-w${i}`)}`],
  [times(33, (i) => `-w${i}`)],
  [`tea -"${times(300, (i) => `w${i}`)}"`],
  [`"${times(300, (i) => `w${i}`)}"`],
])('reads pasted text as words alone: %j', (text) => {
  expect(readQueryText(text)).toEqual({
    words: text,
    required: null,
    excludedPhrases: [],
    excludedWords: [],
  })
})

it('reads up to 32 operators and 1,000 characters in them', () => {
  expect(readQueryText(times(32, (i) => `"w${i}"`)).required?.[0]).toHaveLength(32)
  expect(readQueryText(`tea ${times(32, (i) => `-w${i}`)}`).excludedWords).toHaveLength(32)
  expect(readQueryText(`"${'a'.repeat(1000)}"`).required).toHaveLength(1)
})

it('reads a long text of quotes and minuses in no time', () => {
  for (const text of [
    '"'.repeat(19_999),
    '-"'.repeat(9999),
    'a"-'.repeat(6000),
    `"${'a '.repeat(9000)}`,
    " -'a".repeat(5000),
    `"a" ${'; '.repeat(9000)}`,
    `"a";${' '.repeat(19_000)}x`,
    ' -a\n'.repeat(5000),
    '-'.repeat(20_000),
  ]) {
    const start = performance.now()
    readQueryText(text)
    expect(performance.now() - start).toBeLessThan(1000)
  }
})
