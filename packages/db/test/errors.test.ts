import { readFileSync } from 'node:fs'
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
