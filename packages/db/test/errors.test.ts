import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { databaseError } from '../src/errors/database-error.js'
import { ERROR_CODES, isFunesError } from '../src/index.js'

describe('docs/errors.md', () => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  const listed = Object.fromEntries(
    [...page.matchAll(/^\| `([A-Z_.]+)` \| (.+) \|$/gm)].map((m) => [m[1], m[2]]),
  )

  it('lists every code with its meaning, and no other', () => {
    expect(listed).toEqual(ERROR_CODES)
  })
})

describe('driver errors', () => {
  const pg = (code: string, more: object = {}) => Object.assign(new Error('driver says'), { code, ...more })
  const prisma = (originalCode: string) =>
    Object.assign(new Error('Raw query failed: secret'), {
      code: 'P2010',
      meta: {
        driverAdapterError: { cause: { originalCode, originalMessage: 'driver says', kind: 'postgres' } },
      },
    })

  it.each([
    ['28P01', 'DB.AUTH_FAILED'],
    ['3D000', 'DB.DATABASE_MISSING'],
    ['40001', 'DB.CONFLICT'],
    ['40P01', 'DB.CONFLICT'],
    ['42P01', 'DB.NOT_MIGRATED'],
    ['42501', 'DB.PERMISSION_DENIED'],
    ['53300', 'DB.POOL_EXHAUSTED'],
    ['55P03', 'DB.LOCK_TIMEOUT'],
    ['57014', 'DB.TIMEOUT'],
    ['57P01', 'DB.UNREACHABLE'],
    ['08006', 'DB.UNREACHABLE'],
    ['23514', 'DB.CONSTRAINT'],
    ['25P02', 'TRANSACTION.ABORTED'],
    ['XX000', 'DB.QUERY_FAILED'],
  ])('SQLSTATE %s is %s, from pg and from Prisma alike', (sqlstate, code) => {
    for (const error of [pg(sqlstate), prisma(sqlstate)]) {
      const translated = databaseError(error)
      expect(translated).toMatchObject({ code, meta: { sqlstate } })
      expect(translated.fix).not.toBe('')
    }
  })

  it.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT'])(
    '%s of a socket is DB.UNREACHABLE',
    (code) => {
      expect(databaseError(pg(code)).code).toBe('DB.UNREACHABLE')
    },
  )

  it.each([
    [
      'permission denied for table memories',
      { kind: 'table', name: 'memories' },
      'grant RIGHT on memories to',
    ],
    ['permission denied for schema public', { kind: 'schema', name: 'public' }, 'on schema public to'],
    [
      'permission denied for materialized view A b',
      { kind: 'materialized view', name: 'A b' },
      'on "A b" to',
    ],
    [
      'must be owner of table memories',
      { kind: 'table', name: 'memories', right: 'owner' },
      'alter table memories owner to',
    ],
    [
      'permission denied to set role "funes_app"',
      { kind: 'role', name: 'funes_app', right: 'member' },
      'grant funes_app to',
    ],
  ])('say on what a right is missing: %s', (says, meta, fix) => {
    const error = databaseError(Object.assign(new Error(says), { code: '42501' }))
    expect(error).toMatchObject({ code: 'DB.PERMISSION_DENIED', meta: { sqlstate: '42501', ...meta } })
    expect(error.message).toContain(meta.name)
    expect(error.fix).toContain(fix)
  })

  it('repeat other words of a refusal only where they name rights, in a language that is read', () => {
    const of = (says: string) => databaseError(Object.assign(new Error(says), { code: '42501' })).message
    expect(of('permission denied to create role')).toContain('permission denied to create role')
    for (const says of ['keine Berechtigung für Tabelle secret', 'secret row'])
      expect(of(says)).toBe('The database role lacks a right that this statement needs.')
  })

  it('say what keeps a connection from being made where only pg itself does', async () => {
    const sasl = createRequire(import.meta.url)('pg/lib/crypto/sasl.js')
    for (const password of [null, '']) {
      const session = sasl.startSession(['SCRAM-SHA-256'])
      const error = await sasl.continueSession(session, password, '').catch(databaseError)
      expect(error).toMatchObject({ code: 'DB.AUTH_FAILED', fix: expect.stringMatching(/PGPASSWORD/) })
    }
    expect(databaseError(new Error('The server does not support SSL connections')).code).toBe('DB.TLS_FAILED')
    for (const code of [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'CERT_HAS_EXPIRED',
      'EPROTO',
    ])
      expect(databaseError(pg(code)).code).toBe('DB.TLS_FAILED')
  })

  it('keep neither rows nor parameters', () => {
    const translated = databaseError(
      pg('23514', { detail: 'Failing row contains (secret).', where: 'secret', parameters: ['secret'] }),
    )
    const cause = translated.cause as Error
    expect(JSON.stringify([translated, { ...cause }, cause.message, translated.message])).not.toContain(
      'secret',
    )
  })

  it('are recognised by shape, so that two copies of the package agree', () => {
    const foreign = Object.assign(new Error('x'), {
      name: 'FunesError',
      code: 'DB.TIMEOUT',
      fix: '',
      meta: {},
    })
    expect(isFunesError(foreign, 'DB.TIMEOUT')).toBe(true)
    expect(isFunesError(foreign, 'DB.CONFLICT')).toBe(false)
    expect(isFunesError(new Error('x'))).toBe(false)
  })
})
