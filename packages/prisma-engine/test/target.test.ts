import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { address, isEmbeddedUrl, readTarget, type ServerTarget } from '../src/target.js'

function server(url: string): ServerTarget {
  const target = readTarget(url)
  if (target.kind !== 'server') throw new Error(`${url} is no server's`)
  return target
}

describe('the embedded database', () => {
  test.each([
    'postgresql://embedded/funes',
    'postgres://embedded/',
    'postgresql://embedded',
    'postgresql://embedded?schema=x',
  ])('%s names it', (url) => {
    expect(isEmbeddedUrl(url)).toBe(true)
    expect(readTarget(url, {})).toMatchObject({ kind: 'embedded', dataDir: resolve('.funes') })
  })

  test.each([
    'postgresql://embedded.example.com/x',
    'postgresql://me@embedded/x',
    'postgresql://embedded:5432/x',
  ])('%s is a server of that name', (url) => expect(readTarget(url).kind).toBe('server'))

  test('its directory is FUNES_DATA_DIR', () => {
    const target = readTarget('postgresql://embedded/x', { FUNES_DATA_DIR: 'some/where' })
    expect(target).toMatchObject({ dataDir: resolve('some/where'), schema: undefined })
    expect(readTarget('postgresql://embedded/x?schema=agents', {})).toMatchObject({ schema: 'agents' })
  })
})

describe('a server', () => {
  test('has an address, a user and a database', () => {
    const { config, schema } = server('postgresql://jane:pa%24s@db.example.com:6543/app')
    expect(config).toMatchObject({
      host: 'db.example.com',
      port: 6543,
      user: 'jane',
      password: 'pa$s',
      database: 'app',
    })
    expect(schema).toBeUndefined()
    expect(address(config)).toBe('db.example.com:6543')
  })

  test('has the database postgres and port 5432 when the url names none', () => {
    const { config } = server('postgresql://jane@db.example.com')
    expect(config.database).toBe('postgres')
    expect(address(config)).toBe('db.example.com:5432')
  })

  test('may be behind a socket or have an IPv6 address', () => {
    expect(server('postgresql://jane@localhost/app?host=/var/run/postgresql').config.host).toBe(
      '/var/run/postgresql',
    )
    expect(server('postgresql://jane@[::1]:5433/app').config).toMatchObject({ host: '::1', port: 5433 })
  })

  test("knows ?schema= and keeps parameters of Prisma's client to itself", () => {
    const { config, schema } = server(
      'postgresql://h/app?schema=agents&connection_limit=5&pgbouncer=true&pool_timeout=3&application_name=funes',
    )
    expect(schema).toBe('agents')
    expect(config).toMatchObject({ application_name: 'funes' })
    expect(Object.keys(config)).not.toEqual(
      expect.arrayContaining(['schema', 'connection_limit', 'pgbouncer']),
    )
  })

  test('is given five seconds to answer, or what connect_timeout says', () => {
    expect(server('postgresql://h/app').config.connectionTimeoutMillis).toBe(5_000)
    expect(server('postgresql://h/app?connect_timeout=30').config.connectionTimeoutMillis).toBe(30_000)
    expect(server('postgresql://h/app?connect_timeout=0').config.connectionTimeoutMillis).toBe(0)
  })

  test('gets user, password, database and schema just as they are, whatever is in them', () => {
    const name = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !/[\0\s]/.test(text) && text.isWellFormed())
    fc.assert(
      fc.property(name, name, name, (user, password, schema) => {
        const e = encodeURIComponent
        const target = server(`postgresql://${e(user)}:${e(password)}@h:1/app?schema=${e(schema)}`)
        expect(target.config).toMatchObject({ user, password, database: 'app' })
        expect(target.schema).toBe(schema)
      }),
    )
  })
})

describe('a url that is none', () => {
  test.each([
    ['postgresql://jane:secret@h:54a2/app', 'invalid port number'],
    ['jane:secret', 'The scheme is not recognized'],
    ['postgresqll://jane:secret@h/app', 'The scheme is not recognized'],
    ['', 'The scheme is not recognized'],
  ])('%j is refused with P1013 and without its password', (url, why) => {
    expect(() => readTarget(url)).toThrow(
      expect.objectContaining({
        code: 'P1013',
        message: expect.stringContaining(`invalid. ${why} in database URL`),
      }),
    )
    expect(() => readTarget(url)).not.toThrow(/secret/)
  })

  test.each(['mysql', 'file', 'sqlserver', 'mongodb+srv', 'prisma+postgres'])(
    '%s: is another database',
    (scheme) => {
      expect(() => readTarget(`${scheme}://jane:secret@h/app`)).toThrow(
        `PostgreSQL only, not to "${scheme}:"`,
      )
    },
  )
})
