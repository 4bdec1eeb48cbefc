import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { hasTerminal, typed } from './terminal.js'

describe.skipIf(!hasTerminal)('funes at a terminal', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'funes-terminal-'))
  afterAll(() => rmSync(cwd, { recursive: true, force: true }))

  it('asks before it destroys, and does nothing unless the answer is yes', async () => {
    const { code, shown } = await typed('models retire default', { cwd, answer: 'n\n' })
    expect(shown).toContain('Retire the model default of the embedded database in .funes? [y/N]')
    expect([code, shown.includes('nothing was done')]).toEqual([5, true])
  })

  it('takes Ctrl-C at the question for an interruption', async () => {
    const { code, shown } = await typed('models retire default', { cwd, answer: '\u0003' })
    expect([code, shown.includes('Interrupted.')]).toEqual([130, true])
  })

  it('uses colours where they are wanted, and not with NO_COLOR', async () => {
    expect((await typed('stats', { cwd })).shown).toContain('\u001b[31merror:')
    expect((await typed('stats', { cwd, env: { NO_COLOR: '1' } })).shown).not.toContain('\u001b[31m')
  })

  it('breaks help where the terminal ends', async () => {
    const { shown } = await typed('stats --help', { cwd })
    for (const line of shown.split(/\r?\n/)) expect(line.length).toBeLessThanOrEqual(60)
  })
})
