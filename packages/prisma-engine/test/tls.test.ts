import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tlsAttempts } from '../src/tls.js'

const attempts = (query: string) => tlsAttempts(new URLSearchParams(query))
const unverified = { rejectUnauthorized: false }
const verified = { rejectUnauthorized: true }

test.each([
  ['', [unverified, false]],
  ['sslmode=prefer', [unverified, false]],
  ['sslmode=allow', [false, unverified]],
  ['sslmode=disable', [false]],
  ['ssl=false', [false]],
  ['sslmode=require', [unverified]],
  ['ssl=true', [unverified]],
  ['sslmode=require&sslaccept=accept_invalid_certs', [unverified]],
  ['sslmode=require&sslaccept=strict', [verified]],
  ['sslmode=verify-full', [verified]],
])('%j tries %j', (query, expected) => expect(attempts(query)).toEqual(expected))

test('verify-ca verifies the authority and not the name', () => {
  const [options] = attempts('sslmode=verify-ca')
  expect(options).toEqual({ rejectUnauthorized: true, checkServerIdentity: expect.any(Function) })
})

test("sslcert is the authority's certificate as with Prisma, the client's as with libpq beside sslkey", () => {
  const folder = mkdtempSync(join(tmpdir(), 'funes-tls-'))
  const file = (name: string) => {
    writeFileSync(join(folder, name), name)
    return join(folder, name)
  }
  const [prisma] = attempts(
    `sslmode=require&sslcert=${file('a.pem')}&sslidentity=${file('b.p12')}&sslpassword=x`,
  )
  expect(prisma).toEqual({
    ...unverified,
    ca: Buffer.from('a.pem'),
    pfx: Buffer.from('b.p12'),
    passphrase: 'x',
  })
  const [libpq] = attempts(
    `sslmode=verify-full&sslcert=${file('c.pem')}&sslkey=${file('k.pem')}&sslrootcert=${file('r.pem')}`,
  )
  expect(libpq).toEqual({
    ...verified,
    ca: Buffer.from('r.pem'),
    cert: Buffer.from('c.pem'),
    key: Buffer.from('k.pem'),
  })
})
