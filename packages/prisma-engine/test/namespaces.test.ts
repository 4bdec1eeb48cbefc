import { expect, test } from 'vitest'
import { readNamespaces } from '../src/namespaces.js'

test('the schemas of the datasource are read from whichever file it is in', () => {
  const files = [
    'model A {\n  id Int @id\n}\n',
    'datasource db {\n  provider = "postgresql"\n  schemas  = ["public", "agents"]\n}',
  ]
  expect(readNamespaces(files)).toEqual(['public', 'agents'])
})

test('a datasource without schemas, in a comment, or missing has none', () => {
  expect(readNamespaces(['datasource db {\n  provider = "postgresql"\n}'])).toEqual([])
  expect(readNamespaces(['datasource db {\n  // schemas = ["old"]\n}'])).toEqual([])
  expect(readNamespaces([])).toEqual([])
})
