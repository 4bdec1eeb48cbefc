import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Command } from '../src/command/command.js'
import { commandHelp, overview } from '../src/command/help.js'
import { commandLinePage } from '../src/command/page.js'
import { parseCall, splitCommand } from '../src/command/parse.js'
import { COMMANDS } from '../src/commands/index.js'
import { EXIT, EXIT_MEANINGS, exitCodeOf } from '../src/exit-codes.js'

const named = COMMANDS.map((command) => [command.name, command] as const)
const isGroup = (word: string) => COMMANDS.some(({ name }) => name.startsWith(`${word} `))

/** The words of each funes in an example, as a POSIX shell would split them, as far as examples go. */
function callsIn(line: string): string[][] {
  return line
    .split(/ \| |<\(|\)/)
    .map((part) => part.replace(/ >.*$/, '').trim())
    .filter((part) => part.startsWith('funes '))
    .map((part) => [...part.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? ''))
}

describe('help', () => {
  it.each(named)('of %s fits the width, and shows every option and an example', (_, command) => {
    const text = commandHelp(command, 80)
    for (const name of Object.keys(command.options)) expect(text).toContain(`--${name}`)
    expect(command.examples.some(({ line }) => line.includes(`funes ${command.name}`))).toBe(true)
    expect(text).toContain('Examples:')
    const prose = text.split('\n').filter((line) => !line.includes('funes '))
    for (const line of prose) expect(line.length).toBeLessThanOrEqual(80)
  })

  it.each(named.flatMap(([, { examples }]) => examples.map(({ line }) => [line])))(
    '%s is a command line that can be read',
    (line) => {
      const calls = callsIn(line)
      expect(calls.length).toBeGreaterThan(0)
      for (const [, ...words] of calls) {
        const split = splitCommand(words, isGroup)
        const command = COMMANDS.find(({ name }) => name === split.words.join(' '))
        expect(command).toBeDefined()
        expect(() => parseCall(command as Command, split.rest, {})).not.toThrow()
      }
    },
  )

  it('lists every command and every exit code', () => {
    const text = overview(COMMANDS, undefined, 100)
    for (const [name] of named) expect(text).toContain(`\n  ${name} `)
    for (const [code, meaning] of EXIT_MEANINGS)
      expect(text).toContain(`${code}  ${' '.repeat(3 - String(code).length)}${meaning}`)
  })

  it('is what docs/cli.md shows', () => {
    const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
    expect(page).toBe(commandLinePage(COMMANDS))
  })
})

describe('options', () => {
  it('have one meaning for a letter: with a value everywhere, or nowhere', () => {
    const kinds = new Map<string, Set<boolean>>()
    for (const { options } of COMMANDS) {
      for (const { short, type } of Object.values(options)) {
        if (short === undefined) continue
        kinds.set(short, (kinds.get(short) ?? new Set()).add(type === 'flag'))
      }
    }
    for (const [short, flags] of kinds) expect([short, flags.size]).toEqual([short, 1])
  })
})

describe('exit codes', () => {
  it.each([
    ['INPUT.INVALID', EXIT.usage],
    ['CLI.USAGE', EXIT.usage],
    ['DB.UNREACHABLE', EXIT.unreachable],
    ['EMBEDDED.LOCKED', EXIT.unreachable],
    ['MODEL.NOT_FOUND', EXIT.notFound],
    ['CLI.NOT_CONFIRMED', EXIT.refused],
    ['DB.QUERY_FAILED', EXIT.failed],
    [undefined, EXIT.failed],
  ])('%s is %i', (code, expected) => {
    expect(exitCodeOf(code)).toBe(expected)
  })
})
