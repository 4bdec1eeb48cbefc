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
    const args = readArguments([
      '--',
      '--memories',
      '1_000',
      '--map',
      'content=body',
      '--dataset',
      'notes.csv',
    ])
    expect(args).toMatchObject({ memories: 1000, map: 'content=body', dataset: 'notes.csv' })
  })

  it('means by --clean alone to remove and do nothing more', () => {
    expect(readArguments(['--clean', '--url', 'postgresql://x/y']).cleanOnly).toBe(true)
    expect(readArguments(['--data-dir', 'x', '--clean']).cleanOnly).toBe(true)
    for (const option of ['--users', '--dimensions', '--seed', '--model']) {
      expect(readArguments(['--clean', option, '5']).cleanOnly, option).toBe(false)
    }
    expect(readArguments(['--clean', '--mode', 'copy']).cleanOnly).toBe(false)
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

  it.each([
    ['synthetic', '--map', 'content=body'],
    ['synthetic', '--download'],
    ['sotu', '--users', '5'],
    ['sotu', '--dimensions', '5'],
    ['sotu', '--seed', '2'],
    ['sotu', '--map', 'content=body'],
    ['word-vectors', '--dimensions', '5'],
    ['word-vectors', '--seed', '2'],
    ['notes.csv', '--users', '5'],
    ['notes.csv', '--seed', '2'],
    ['toString', '--dimensions', '2'],
  ])('refuses what means nothing to the data set: %s %s', (dataset, ...args) => {
    expect(() => readArguments(['--dataset', dataset, ...args])).toThrow(
      `means nothing to the data set ${dataset}`,
    )
  })

  it('refuses two databases', () => {
    expect(() => readArguments(['--url', 'postgresql://x/y', '--data-dir', 'z'])).toThrow('two databases')
  })
})
