import { describe, expect, it } from 'vitest'
import { readArguments } from '../src/arguments.js'

describe('the command line', () => {
  it('has a default for everything', () => {
    expect(readArguments([])).toMatchObject({
      dataset: 'synthetic',
      seed: 1,
      mode: 'copy',
      clean: false,
      cleanOnly: false,
      url: undefined,
    })
  })

  it('is taken with the double dash that pnpm passes on', () => {
    const args = readArguments(['--', '--memories', '1_000', '--users', '10', '--dataset', 'notes.csv'])
    expect(args).toMatchObject({ memories: 1000, users: 10, dataset: 'notes.csv' })
  })

  it('means by --clean alone to remove and do nothing more', () => {
    expect(readArguments(['--clean', '--url', 'postgresql://x/y']).cleanOnly).toBe(true)
    expect(readArguments(['--clean', '--memories', '5']).cleanOnly).toBe(false)
    expect(readArguments(['--clean', '--dataset', 'sotu']).cleanOnly).toBe(false)
  })

  it.each([
    ['--memories', '0'],
    ['--memories', 'many'],
    ['--users', '1.5'],
    ['--mode', 'move'],
    ['--nonsense', '1'],
  ])('refuses %s %s', (...args) => {
    expect(() => readArguments(args)).toThrow(TypeError)
  })
})
