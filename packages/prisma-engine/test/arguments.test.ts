import { expect, test } from 'vitest'
import { readArguments } from '../src/arguments.js'

test('an engine is started with its schema files and its datasource', () => {
  const datasource = JSON.stringify({ url: 'postgresql://a/b', shadowDatabaseUrl: 'postgresql://a/c' })
  expect(
    readArguments([
      '--datamodels',
      '/x/a.prisma',
      '--datamodels',
      '/x/b, c.prisma',
      '--datasource',
      datasource,
    ]),
  ).toEqual({
    command: 'serve',
    schemaPaths: ['/x/a.prisma', '/x/b, c.prisma'],
    url: 'postgresql://a/b',
    shadowUrl: 'postgresql://a/c',
  })
})

test('a datasource without urls, an empty one and none are the same', () => {
  const none = { command: 'serve', schemaPaths: [], url: undefined, shadowUrl: undefined }
  expect(readArguments([])).toEqual(none)
  expect(readArguments(['--datasource', '{}'])).toEqual(none)
  expect(readArguments(['--datasource', '{"url":"","shadowDatabaseUrl":null}'])).toEqual(none)
})

test.each(['can-connect-to-database', 'create-database'] as const)('%s is a command', (command) => {
  const argv = ['--datasource', '{"url":"postgresql://a/b"}', 'cli', command]
  expect(readArguments(argv)).toMatchObject({ command, url: 'postgresql://a/b' })
})

test('--version is answered whatever else is there', () => {
  expect(readArguments(['--version']).command).toBe('version')
})

test('options of other engines are passed over with their value', () => {
  const argv = [
    '--enabled-preview-features',
    'views',
    '--extension-types',
    '{"types":[]}',
    '--datamodels',
    'a',
  ]
  expect(readArguments(argv)).toMatchObject({ command: 'serve', schemaPaths: ['a'] })
})

test('what cannot be understood is refused, and a password in it is not repeated', () => {
  expect(() => readArguments(['cli', 'drop-everything'])).toThrow("'drop-everything' wasn't recognized")
  expect(() => readArguments(['serve'])).toThrow("'serve' which wasn't expected")
  expect(() => readArguments(['--datasource'])).toThrow('requires a value')
  expect(() => readArguments(['--datasource', '{url: s3cret}'])).toThrow(
    /^The value of --datasource is not JSON.$/,
  )
})
