import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawTable } from '../src/screen/table.js'
import { harmless, textWidth, truncate } from '../src/screen/text-width.js'

interface Row {
  readonly n: number
  readonly text: string
}
const columns = [
  { title: 'n', of: ({ n }: Row) => n, align: 'right' as const },
  { title: 'text', of: ({ text }: Row) => text, flexible: true as const },
]

describe('a table', () => {
  it('has columns as wide as what is in them', () => {
    expect(
      drawTable(
        [
          { n: 1234, text: 'tea' },
          { n: 5, text: '日本茶' },
        ],
        columns,
        80,
      ),
    ).toEqual(['    n  text', '-----  ------', '1,234  tea', '    5  日本茶'])
  })

  it('shortens the column that gives way on a narrow terminal', () => {
    const lines = drawTable([{ n: 1, text: 'a sentence that is too long for it' }], columns, 24)
    expect(lines.at(-1)).toBe('1  a sentence that is t…')
  })

  it('becomes a list where even that is too wide', () => {
    expect(drawTable([{ n: 1, text: 'a sentence that is too long' }], columns, 18)).toEqual([
      'n     1',
      'text  a sentence…',
    ])
  })

  it('keeps everything where lines may be as long as they like', () => {
    const text = 'word '.repeat(500).trim()
    expect(drawTable([{ n: 1, text }], columns, Number.POSITIVE_INFINITY).at(-1)).toBe(`1  ${text}`)
  })

  it('never has a line wider than the terminal, whatever is in it', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 })
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 20, max: 120 }),
        (texts, width) => {
          const rows = texts.map((value, n) => ({ n, text: value }))
          for (const line of drawTable(rows, columns, width))
            expect(textWidth(line)).toBeLessThanOrEqual(width)
        },
      ),
    )
  })
})

describe('stored text', () => {
  it('cannot command the terminal', () => {
    expect(harmless('\u001b]0;title\u0007\u001b[2Jhello\r\nworld\u202e\u009b31m')).toBe(
      '\ufffd]0;title\ufffd\ufffd[2Jhello world\ufffd\ufffd31m',
    )
  })

  it('is cut between characters', () => {
    expect(truncate('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 5)).toBe('👩‍👩‍👧‍👦👩‍👩‍👧‍👦…')
  })
})
