import pg from 'pg'
import { expect, test } from 'vitest'
import { migrationError } from '../src/migration-error.js'

const script = 'create table a (id int);\n-- größer 🚀\nselect nope();\n'

function refusal(): pg.DatabaseError {
  const error = new pg.DatabaseError('function nope() does not exist', 100, 'error')
  return Object.assign(error, {
    severity: 'ERROR',
    code: '42883',
    hint: 'Cast.',
    // PostgreSQL counts characters, of which the rocket is one.
    position: String([...'create table a (id int);\n-- größer 🚀\nselect '].length + 1),
  })
}

const params = {
  migrationsList: {
    migrationDirectories: [
      { path: '001_a', migrationFile: { content: { tag: 'ok', value: 'select 1;' } } },
      { path: '002_b', migrationFile: { content: { tag: 'ok', value: script } } },
    ],
  },
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the lines are in bold
const plain = (text: string) => text.replace(/\x1b\[[\d;]*m/g, '')

test('a failed migration is P3018 with its name, the SQLSTATE and the line', () => {
  const error = migrationError(new Error('external connector error'), { script, error: refusal() }, params)
  expect(error).toMatchObject({
    code: 'P3018',
    meta: { migration_name: '002_b', database_error_code: '42883' },
  })
  const text = plain(error.message)
  expect(text).toContain(
    'Migration name: 002_b\n\nDatabase error code: 42883\n\nDatabase error:\nERROR: function nope()',
  )
  expect(text).toContain(
    'HINT: Cast.\n\nPosition:\n  0\n  1 create table a (id int);\n  2 -- größer 🚀\n  3 select nope();\n\n',
  )
  expect(text).toContain('code: SqlState(E42883), message: "function nope() does not exist", detail: None')
})

test("the engine's own word for the migration comes before the search for its script", () => {
  const told = new Error(
    'external connector error\n   0: apply_script\n           with migration_name="003_c"\n',
  )
  expect(migrationError(told, { script, error: refusal() }, params).meta).toMatchObject({
    migration_name: '003_c',
  })
  const unknown = migrationError(new Error('x'), { script: 'select 2', error: refusal() }, undefined)
  expect(unknown.meta).toMatchObject({ migration_name: '(unknown)' })
})

test('on the shadow database it is P3006, with P3018 inside', () => {
  const told = Object.assign(
    new Error('Migration `002_b` failed to apply cleanly to the shadow database. \n'),
    {
      code: 'P3006',
    },
  )
  const error = migrationError(told, { script, error: refusal() }, params)
  expect(error.code).toBe('P3006')
  expect(error.message).toMatch(
    /^Migration `002_b` failed to apply cleanly to the shadow database\. \nError code: P3018\nError:\nA migration failed to apply\./,
  )
  expect(error.meta).toMatchObject({
    migration_name: '002_b',
    inner_error: { error_code: 'P3018', is_panic: false },
  })
})

test('a lost connection has no SQLSTATE', () => {
  const error = migrationError(new Error('x'), { script, error: new Error('Connection terminated') }, params)
  expect(error.meta).toMatchObject({ database_error_code: 'none', database_error: 'Connection terminated' })
})
