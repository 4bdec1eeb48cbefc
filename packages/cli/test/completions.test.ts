import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { COMMANDS } from '../src/commands/index.js'
import { bashCompletions } from '../src/completions/bash.js'
import { fishCompletions } from '../src/completions/fish.js'
import { zshCompletions } from '../src/completions/zsh.js'
import { PROGRAM } from './run.js'

const folder = mkdtempSync(join(tmpdir(), 'funes-completions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0
const script = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe.skipIf(!has('bash'))('in bash', () => {
  const path = script('funes.bash', bashCompletions(COMMANDS))

  /** What Tab offers at the end of these words, the last one begun. */
  function offered(...words: string[]): string[] {
    const line = words.map((word) => `'${word}'`).join(' ')
    const ask = `source '${path}'; COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _funes; printf '%s\\n' "\${COMPREPLY[@]}"`
    const output = execFileSync('bash', ['--norc', '-c', ask], { encoding: 'utf8', cwd: folder })
    return output.split('\n').filter(Boolean)
  }

  it.each([
    [['funes', 'se'], ['search']],
    [['funes', 'mo'], ['models']],
    [
      ['funes', 'models', 're'],
      ['register', 'retire'],
    ],
    [['funes', 'help', 'mig'], ['migrate']],
    [['funes', 'search', '--acc'], ['--accuracy']],
    [
      ['funes', 'search', '--accuracy', ''],
      ['exact', 'high', 'fast'],
    ],
    [['funes', '--url', 'search', 'models', 'l'], ['list']],
    [['funes', 'models', 'register', 'name', '--metric', 'c'], ['cosine']],
    [
      ['funes', 'completions', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['funes', 'search', '--embedding', 'funes.b'], ['funes.bash']],
    [['funes', 'search', '--min-score', ''], []],
  ])('%j offers %j', (words, expected) => {
    expect(offered(...words)).toEqual(expected)
  })

  it('is what the program prints, and once sourced completes funes', () => {
    const printed = execFileSync(process.execPath, [PROGRAM, 'completions', 'bash'], { encoding: 'utf8' })
    const ask = `source '${script('printed.bash', printed)}'; complete -p funes; COMP_WORDS=(funes mig); COMP_CWORD=1; _funes; echo "\${COMPREPLY[@]}"`
    const [bound, offers] = execFileSync('bash', ['--norc', '-c', ask], { encoding: 'utf8' }).split('\n')
    expect(bound).toMatch(/^complete .*-F _funes.* funes$/)
    expect(offers?.trim()).toBe('migrate')
  })

  it('every command has all of its options offered', () => {
    for (const { name, options } of COMMANDS) {
      const expected = [...Object.keys(options), 'json', 'help'].map((option) => `--${option}`)
      expect(offered('funes', ...name.split(' '), '--').sort()).toEqual([...new Set(expected)].sort())
    }
  })
})

describe.each([
  ['zsh', zshCompletions],
  ['fish', fishCompletions],
] as const)('for %s', (shell, make) => {
  const text = make(COMMANDS)

  /** What the script has for one command, and for no other. */
  function partOf(name: string): string {
    if (shell === 'fish') {
      return text
        .split('\n')
        .filter((line) => line.includes(`__funes_at \\'${name}\\''`))
        .join('\n')
    }
    const start = text.indexOf(`\n    '${name}')\n`)
    return start === -1 ? '' : text.slice(start, text.indexOf(';;', start))
  }

  it('every command has all of its options in its own part of the script, and no others', () => {
    const pattern = shell === 'zsh' ? /'\*?--([a-z-]+)\[/g : / -l ([a-z-]+)/g
    for (const { name, options } of COMMANDS) {
      const offered = [...partOf(name).matchAll(pattern)].map(([, option]) => option as string)
      expect([name, offered.sort()]).toEqual([name, [...Object.keys(options), 'json', 'help'].sort()])
    }
  })

  it.skipIf(!has(shell))('the script is one that the shell can read', () => {
    const { status, stderr } = spawnSync(shell, ['-n', script(`funes.${shell}`, text)], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })
})
