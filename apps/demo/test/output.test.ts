import { describe, expect, it } from 'vitest'
import { duration, median, whole } from '../src/figures.js'
import { createProgress } from '../src/progress.js'
import { type Screen, wrap } from '../src/screen.js'

/** A screen that keeps what it is given. */
function recordingScreen(isTerminal: boolean): Screen & { lines: string[] } {
  const lines: string[] = []
  return {
    lines,
    isTerminal,
    width: 80,
    paint: (_, text) => text,
    print: (line = '') => void lines.push(line),
    rewrite: (line) => void lines.push(line),
  }
}

describe('figures', () => {
  it('have units a person would choose', () => {
    expect([0.421, 4.2, 123.4, 999.7, 4100, 65_000].map(duration)).toEqual([
      '0.42 ms',
      '4.2 ms',
      '123 ms',
      '1.0 s',
      '4.1 s',
      '1 min 5 s',
    ])
    expect(whole(42882)).toBe('42,882')
    expect(median([9, 1, 3, 2])).toBe(2)
  })
})

describe('wrap', () => {
  it('keeps to the width and marks what is left out after a whole word', () => {
    const text = 'one two three four five six seven'
    expect(wrap(text, 13, 9)).toEqual(['one two three', 'four five six', 'seven'])
    expect(wrap(text, 13, 1)).toEqual(['one two...'])
    expect(wrap('one two three four', 16, 1)).toEqual(['one two three...'])
  })
})

describe('createProgress', () => {
  it('prints a line at each tenth away from a terminal, with rate and time left', () => {
    const screen = recordingScreen(false)
    let clock = 0
    const progress = createProgress(screen, 'loading', 100, () => clock)
    for (let done = 1; done <= 100; done++) {
      clock += 100
      progress.update(done)
    }
    progress.end()
    expect(screen.lines).toHaveLength(10)
    expect(screen.lines[4]).toBe('loading   50 of 100    10/s   5.0 s left')
    expect(screen.lines[9]).toBe('loading  100 of 100    10/s')
  })

  it('forgets the first rush when it says how long the rest takes', () => {
    const screen = recordingScreen(false)
    let clock = 0
    const progress = createProgress(screen, 'loading', 1000, () => clock)
    progress.update(500)
    for (let done = 510; done <= 600; done += 10) {
      clock += 1000
      progress.update(done)
    }
    expect(screen.lines.at(-1)).toContain('10/s   40 s left')
  })
})
