import { expect, test } from 'vitest'
import { connectionError } from '../src/connection-error.js'
import { knownError } from '../src/known-error.js'

const config = { host: 'db.example.com', port: 6543, user: 'jane', password: 's3cret', database: 'app' }
const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code })

test.each([
  ['ECONNREFUSED', withCode('ECONNREFUSED')],
  ['an unknown host', withCode('ENOTFOUND')],
  ["several addresses' refusals", new AggregateError([withCode('ECONNREFUSED'), withCode('ENETUNREACH')])],
  ['a timeout', new Error('timeout exceeded when trying to connect')],
  ['a server that hangs up', new Error('Connection terminated unexpectedly')],
])('%s is P1001 with the address', (_name, error) => {
  expect(connectionError(error, config)).toMatchObject({
    code: 'P1001',
    message:
      "Can't reach database server at `db.example.com:6543`\n\nPlease make sure your database server is running at `db.example.com:6543`.",
    meta: { database_location: 'db.example.com:6543' },
  })
})

test.each([
  ['28P01', 'P1000', 'the provided database credentials for `jane` are not valid'],
  ['28000', 'P1010', 'User was denied access on the database `app`'],
  ['42501', 'P1010', 'User was denied access on the database `app`'],
  ['3D000', 'P1003', 'Database `app` does not exist'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'P1011', 'Error opening a TLS connection: x'],
])('%s is %s', (code, prisma, message) => {
  const error = connectionError(withCode(code), config)
  expect(error).toMatchObject({ code: prisma, message: expect.stringContaining(message) })
  expect(JSON.stringify(error) + (error as Error).message).not.toContain('s3cret')
})

test('a server without TLS that is required is P1011', () => {
  const error = new Error('The server does not support SSL connections')
  expect(connectionError(error, config)).toMatchObject({ code: 'P1011' })
})

test('what has no code of Prisma, or one already, stays as it is', () => {
  const full = withCode('53300', 'sorry, too many clients already')
  expect(connectionError(full, config)).toBe(full)
  const known = knownError('P3014', 'x', {})
  expect(connectionError(known, config)).toBe(known)
})
