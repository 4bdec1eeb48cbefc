import { describe, expect, it } from 'vitest'
import { defineCommand } from '../src/command/command.js'
import { nearest } from '../src/command/nearest.js'
import { parseCall, splitCommand } from '../src/command/parse.js'

const command = defineCommand({
  name: 'try',
  summary: 'try',
  operands: [{ name: 'text', about: 'text', many: true }],
  options: {
    user: { type: 'text', short: 'u', about: 'user' },
    k: { type: 'integer', min: 1, max: 10, about: 'k' },
    score: { type: 'number', about: 'score' },
    since: { type: 'time', about: 'since' },
    filter: { type: 'json', about: 'filter' },
    tag: { type: 'text', many: true, about: 'tag' },
    mode: { type: 'text', choices: ['a', 'b'], about: 'mode', env: 'TRY_MODE' },
    force: { type: 'flag', about: 'force' },
  },
  examples: [],
  run: async () => undefined,
})
const parse = (line: string[], env: NodeJS.ProcessEnv = {}) => parseCall(command, line, env)
const isGroup = (word: string) => word === 'models'

describe('a command line', () => {
  it('is read into values of the types that its options have', () => {
    const line = [
      'tea',
      '-u',
      'ada',
      '--k=3',
      '--score=-0.5',
      '--since',
      '2026-01-31',
      '--filter',
      '{"a":[1]}',
    ]
    expect(parse([...line, '--tag', 'x', '--tag', 'y', '--force', 'time'])).toEqual({
      operands: ['tea', 'time'],
      values: {
        user: 'ada',
        k: 3,
        score: -0.5,
        since: new Date('2026-01-31'),
        filter: { a: [1] },
        tag: ['x', 'y'],
        mode: undefined,
        force: true,
        json: false,
        help: false,
      },
    })
  })

  it('takes from the environment what it does not say', () => {
    expect(parse([], { TRY_MODE: 'b' }).values.mode).toBe('b')
    expect(parse(['--mode', 'a'], { TRY_MODE: 'b' }).values.mode).toBe('a')
    expect(() => parse([], { TRY_MODE: 'c' })).toThrow('--mode must be one of a, b.')
  })

  it.each([
    [['--k', '0'], '--k must be a whole number, 1 or more and 10 or less.'],
    [['--k', '2.5'], '--k must be a whole number, 1 or more and 10 or less.'],
    [['--k', ''], '--k must be a whole number, 1 or more and 10 or less.'],
    [['--score', 'high'], '--score must be a number.'],
    [['--since', 'monday'], '--since is not a time.'],
    [['--filter', '{'], '--filter is not JSON.'],
    [['--filter', '@/nowhere.json'], 'The file /nowhere.json cannot be read (ENOENT).'],
    [['--mode', 'c'], '--mode must be one of a, b.'],
    [['--usr', 'ada'], 'There is no option --usr.'],
    [['--k'], "Option '--k <value>' argument missing"],
  ])('%j is refused: %s', (line, message) => {
    expect(() => parse(line)).toThrow(message)
  })

  it('that is refused comes with what was probably meant', () => {
    expect(() => parse(['--usr', 'ada'])).toThrow(
      expect.objectContaining({ code: 'CLI.USAGE', fix: expect.stringContaining('Did you mean --user?') }),
    )
  })

  it('names its command in one word or two, options that all know before it', () => {
    const split = (...line: string[]) => splitCommand(line, isGroup)
    expect(split('search', '-u', 'ada')).toEqual({ words: ['search'], rest: ['-u', 'ada'] })
    expect(split('models', 'list', '--json')).toEqual({ words: ['models', 'list'], rest: ['--json'] })
    expect(split('--url', 'x', '--json', 'models', '--data-dir=y', 'list', 'z')).toEqual({
      words: ['models', 'list'],
      rest: ['--url', 'x', '--json', '--data-dir=y', 'z'],
    })
    expect(split('--help')).toEqual({ words: [], rest: ['--help'] })
  })
})

describe('the nearest word', () => {
  it.each([
    ['serach', 'search'],
    ['migrte', 'migrate'],
    ['model list', 'models list'],
    ['frobnicate', undefined],
    ['', undefined],
  ])('to %j is %j', (word, expected) => {
    expect(nearest(word, ['search', 'migrate', 'models list'])).toBe(expected)
  })
})
