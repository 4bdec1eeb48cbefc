import { expect, test } from 'vitest'
import { knownError } from '../src/known-error.js'
import { errorBody, panicError, readMessage } from '../src/protocol.js'

test('an error with a code carries it and its facts', () => {
  expect(errorBody(knownError('P1003', 'Database `app` does not exist', { database_name: 'app' }))).toEqual({
    code: 4466,
    message: 'An error happened. Check the data field for details.',
    data: {
      is_panic: false,
      message: 'Database `app` does not exist',
      meta: { database_name: 'app' },
      error_code: 'P1003',
    },
  })
})

test("an error of the engine's own keeps its code", () => {
  const error = Object.assign(new Error('The database schema is not empty.'), { code: 'P3005' })
  expect(errorBody(error).data).toMatchObject({ is_panic: false, error_code: 'P3005' })
})

test("an error without a code of Prisma's has none, and one of Node's does not pass for it", () => {
  expect(errorBody(new Error('odd')).data).toEqual({ is_panic: false, message: 'odd', backtrace: null })
  expect(errorBody(Object.assign(new Error('odd'), { code: 'ENOENT' })).data).not.toHaveProperty('error_code')
  expect(errorBody('odd').data.message).toBe('odd')
})

test('a panic is marked, and its text stands where the CLI shows it', () => {
  const body = errorBody(panicError('panicked at postgres.rs:1193: no such type', new Error('unreachable')))
  expect(body.data).toMatchObject({ is_panic: true, message: 'panicked at postgres.rs:1193: no such type' })
  expect(body.data.backtrace).toContain('unreachable')
  expect(body.message).toBe('Error in Schema engine.\nReason: panicked at postgres.rs:1193: no such type\n')
})

test('a line is a request, an acknowledgement, or an error', () => {
  expect(readMessage('{"jsonrpc":"2.0","id":1,"method":"reset","params":{}}')).toMatchObject({
    id: 1,
    method: 'reset',
  })
  expect(readMessage('{"jsonrpc":"2.0","id":"print-1","result":{}}')).toMatchObject({ id: 'print-1' })
  for (const line of ['{', 'null', '3', '[]', '{"method":"x"}'])
    expect(readMessage(line)).toMatchObject({ code: -32700 })
})
