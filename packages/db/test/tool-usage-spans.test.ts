import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readError } from '../src/tools/usage/error-class.js'
import { addTo, emptyHistogram, percentilesOf, sumOf } from '../src/tools/usage/histogram.js'
import { coverRange } from '../src/tools/usage/spans.js'

const start = Date.parse('2026-03-01T00:00:00Z')
const moment = fc.integer({ min: 0, max: 20 * 86_400_000 }).map((ms) => new Date(start + ms))
const quarter = fc.integer({ min: 0, max: 20 * 96 }).map((quarters) => new Date(start + quarters * 900_000))

describe('the spans that cover a range', () => {
  it('lie side by side, are made of whole cells, and cross no edge of a bucket', () => {
    fc.assert(
      fc.property(moment, moment, fc.array(quarter), fc.boolean(), (a, b, edges, ofTool) => {
        const [since, until] = a <= b ? [a, b] : [b, a]
        const bounds = [...edges].sort((x, y) => x.getTime() - y.getTime())
        const spans = coverRange({ since, until }, { bounds, ofTool, rawFrom: null })
        expect(spans.at(0)?.from ?? since).toEqual(since)
        expect(spans.at(-1)?.to ?? until).toEqual(until)
        for (const [i, { grain, from, to }] of spans.entries()) {
          expect(from < to).toBe(true)
          if (i > 0) expect(from).toEqual(spans[i - 1]?.to)
          const ms = grain * 60_000
          if (grain === 0) {
            // No smallest cell fits into what rows answer for, or it would.
            const cells = 15 * 60_000
            for (const bound of [from, ...bounds.filter((at) => at > from && at < to)]) {
              const first = Math.ceil(bound.getTime() / cells) * cells
              const next = bounds.find((at) => at > bound) ?? to
              expect(first + cells > Math.min(next.getTime(), to.getTime())).toBe(true)
            }
            continue
          }
          expect([from.getTime() % ms, to.getTime() % ms]).toEqual([0, 0])
          for (const bound of bounds) if (bound > from && bound < to) expect(bound.getTime() % ms).toBe(0)
        }
      }),
    )
  })

  it('ask for no rows before those that are left, and for no cell twice', () => {
    fc.assert(
      fc.property(moment, moment, fc.array(quarter), fc.integer({ min: 0, max: 20 }), (a, b, edges, day) => {
        const [since, until] = a <= b ? [a, b] : [b, a]
        const bounds = [...edges].sort((x, y) => x.getTime() - y.getTime())
        const rawFrom = new Date(start + day * 86_400_000)
        const spans = coverRange({ since, until }, { bounds, ofTool: true, rawFrom })
        let last = 0
        for (const { grain, from, to } of spans) {
          if (grain === 0) expect(from >= rawFrom).toBe(true)
          expect(from.getTime() >= last).toBe(true)
          last = to.getTime()
        }
      }),
    )
  })
})

describe('the class of an error', () => {
  it.each([
    ['TimeoutError: no answer after 5 s', 'TimeoutError', 'TimeoutError: no answer after 5 s'],
    ['HTTP 429', 'HTTP 429', null],
    ['  rate   limited\nsecond line', 'rate limited', '  rate   limited\nsecond line'],
    ['', 'unknown', null],
    [new RangeError('too large'), 'RangeError', 'too large'],
    [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED', 'refused'],
    [{ class: 'Quota', message: '' }, 'Quota', null],
  ])('of %j is %s', (error, name, message) => {
    expect(readError(error)).toEqual({ class: name, message })
  })

  it('is short, and cuts no character in half', () => {
    const { class: name, message } = readError(new Error('😀'.repeat(600)))
    expect([name, message?.length, message?.isWellFormed()]).toEqual(['Error', 1000, true])
    expect(readError(`${'x'.repeat(99)}😀`).class).toBe('x'.repeat(99))
  })
})

describe('a histogram of durations', () => {
  it('is the sum of what was added, less what was taken away', () => {
    const keys = fc.oneof(fc.constant(-32768), fc.integer({ min: -139, max: 553 }))
    const entries = fc.array(fc.tuple(keys, fc.integer({ min: 1, max: 1_000 })), { minLength: 1 })
    fc.assert(
      fc.property(entries, entries, (kept, passing) => {
        const histogram = emptyHistogram()
        const add = (of: readonly (readonly [number, number])[]) =>
          addTo(histogram, of.map(([key]) => key).join(), of.map(([, count]) => count).join())
        add([...kept, ...passing])
        add(passing.map(([key, count]) => [key, -count]))
        const sorted = kept.flatMap(([key, count]) => Array<number>(count).fill(key)).sort((a, b) => a - b)
        for (const share of [0.01, 0.5, 0.95, 0.99]) {
          const key = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number
          const expected = key === -32768 ? 0 : (2 * Math.exp(key / 20)) / (Math.exp(0.05) + 1)
          expect(percentilesOf(histogram, [share])?.[0]).toBe(expected)
          expect(percentilesOf(sumOf([histogram, histogram]), [share])?.[0]).toBe(expected)
        }
      }),
    )
    expect(percentilesOf(emptyHistogram(), [0.5])).toBeNull()
  })
})
