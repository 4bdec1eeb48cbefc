import { describe, expect, it } from 'vitest'
import { createProgress, type Output } from '../src/screen/progress.js'

function start(isTTY: boolean, from = 0) {
  const lines: string[] = []
  let at = 0
  const output: Output = { isTTY, write: (text) => lines.push(text) }
  const progress = createProgress(output, {
    label: 'stored',
    unit: 'memories',
    total: 10_000,
    from,
    now: () => at,
  })
  return {
    lines,
    progress,
    pass: (ms: number) => {
      at += ms
    },
  }
}

describe('progress', () => {
  it('says what is done, how fast, and how long it will take', () => {
    const { lines, progress, pass } = start(false)
    pass(5000)
    progress.update(2500)
    expect(lines).toEqual(['stored  2,500 of 10,000 memories (25 %)  500/s, 15 s left\n'])
  })

  it('leaves what was done before out of the rate', () => {
    const { lines, progress, pass } = start(false, 2000)
    pass(6000)
    progress.update(5000)
    expect(lines[0]).toContain('500/s, 10 s left')
  })

  it('follows when things slow down', () => {
    const { lines, progress, pass } = start(false)
    for (const done of [4000, 4400, 4800, 5200]) {
      pass(6000)
      progress.update(done)
    }
    expect(lines.at(-1)).toContain('67/s')
  })

  it('redraws one line on a terminal, and elsewhere writes none too often', () => {
    const terminal = start(true)
    const file = start(false)
    for (const { progress, pass } of [terminal, file]) {
      for (let i = 1; i <= 20; i++) {
        pass(200)
        progress.update(i * 500)
      }
      progress.end()
    }
    expect(terminal.lines.every((text) => text.startsWith('\r\u001b[2K'))).toBe(true)
    expect(terminal.lines.at(-1)).toMatch(/10,000 of 10,000.*\n$/)
    expect(file.lines).toHaveLength(1)
  })
})
