import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'
import { funesError } from '../src/errors/funes-error.js'
import { databaseTarget } from '../src/observe/database-target.js'
import { describeStatement } from '../src/observe/describe-statement.js'
import { createLogSink, type Logger, type SlowQuery } from '../src/observe/log-sink.js'
import { observerOf, unobserved } from '../src/observe/observer.js'
import { findTelemetry } from '../src/observe/telemetry.js'

describe('a statement described', () => {
  it.each([
    ['select 1', 'SELECT', null, 'SELECT'],
    ['/* once */ select id from memories where id = $1', 'SELECT', 'memories', 'SELECT memories'],
    [
      'with m as (insert into memories (id) values ($1) returning id) insert into "memory_embeddings" select id from m',
      'INSERT',
      null,
      'INSERT memories INSERT memory_embeddings',
    ],
    [
      'update memories m set importance = $1 -- from users\n where id = $2',
      'UPDATE',
      'memories',
      'UPDATE memories',
    ],
    ['delete from sessions where id = $1', 'DELETE', 'sessions', 'DELETE sessions'],
    ['copy memories (id) from stdin (format binary)', 'COPY', 'memories', 'COPY memories'],
    [
      'create index concurrently if not exists x on memory_embeddings using hnsw (embedding)',
      'CREATE INDEX',
      'memory_embeddings',
      'CREATE INDEX memory_embeddings',
    ],
    [
      'select e.id from memory_embeddings e join memories m on true for update',
      'SELECT',
      null,
      'SELECT memory_embeddings SELECT memories',
    ],
    ['reindex index concurrently memory_embeddings_hnsw_m1', 'REINDEX', null, 'REINDEX'],
    ['select x from a_table_of_somebody', 'SELECT', null, 'SELECT'],
  ])('names what it does and to which tables: %s', (text, operation, table, summary) => {
    expect(describeStatement(text)).toEqual({ operation, table, summary })
  })
})

describe('the database as telemetry names it', () => {
  const pool = (options: pg.PoolConfig) => new pg.Pool(options)

  it.each([
    ['postgresql://me:hidden@db.example:6432/mem', { namespace: 'mem', address: 'db.example', port: 6432 }],
    [
      'postgresql://me:hidden@localhost/mem?host=/run/postgres',
      { namespace: 'mem', address: '/run/postgres', port: 5432 },
    ],
    [
      'postgresql://me:hidden@db.example/with%20space',
      { namespace: 'with space', address: 'db.example', port: 5432 },
    ],
  ])('is read out of %s without its password', (connectionString, expected) => {
    const target = databaseTarget(pool({ connectionString }), 'server')
    expect(target).toEqual(expected)
    expect(JSON.stringify(target)).not.toContain('hidden')
  })

  it('is read out of options, and has no address on the embedded engine', () => {
    expect(databaseTarget(pool({ host: 'h', port: 1, database: 'd' }), 'server')).toEqual({
      namespace: 'd',
      address: 'h',
      port: 1,
    })
    expect(databaseTarget(pool({}), 'embedded').address).toBeUndefined()
  })
})

describe('an observer', () => {
  const rows = [{ id: 1 }, { id: 2 }]
  const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

  it('is one call, and nothing else, where nobody wants to know', async () => {
    expect(observerOf([])).toBe(unobserved)
    expect(await unobserved.statement('select 1', async () => rows)).toBe(rows)
    expect(await findTelemetry()).toBeUndefined()
  })

  it('does not make a fault of a listener the caller’s', async () => {
    const broken = createLogSink({
      logger: {
        ...silent,
        debug: () => {
          throw new Error('full disk')
        },
      },
      onSlowQuery: async () => {
        throw new Error('no pager')
      },
      slowQueryMs: 0,
    })
    const observer = observerOf([
      broken,
      createLogSink({ logger: silent, onSlowQuery: undefined, slowQueryMs: 9e9 }),
    ])
    expect(await observer.statement('select 1', async () => rows)).toBe(rows)
  })

  it('passes errors on as they are, with their code and nothing else of them', async () => {
    const slow: SlowQuery[] = []
    const lines: [string, object][] = []
    const logger = { ...silent, warn: (fields: object, message: string) => lines.push([message, fields]) }
    const observer = observerOf([
      createLogSink({ logger, onSlowQuery: (query) => slow.push(query), slowQueryMs: 0 }),
    ])
    const error = funesError('DB.TIMEOUT', 'a zanzibar message', {
      fix: '',
      meta: { sqlstate: '57014', key: 'zanzibar' },
    })
    await expect(observer.statement('select 1', () => Promise.reject(error))).rejects.toBe(error)
    expect(slow).toMatchObject([{ operation: 'SELECT', rows: null, error: 'DB.TIMEOUT', call: null }])
    expect(lines).toMatchObject([
      ['funes: statement failed', { code: 'DB.TIMEOUT', sqlstate: '57014', rows: null }],
    ])
    expect(JSON.stringify([slow, lines])).not.toContain('zanzibar')
  })

  it('asks a logger that can say so before it puts anything together', async () => {
    let asked = 0
    const logger: Logger = {
      ...silent,
      debug: () => expect.unreachable(),
      isLevelEnabled: (level) => {
        asked++
        return level !== 'debug'
      },
    }
    const observer = observerOf([createLogSink({ logger, onSlowQuery: undefined, slowQueryMs: 9e9 })])
    await observer.statement('select 1', async () => rows)
    expect(asked).toBe(1)
  })
})

it.each([
  [{ logger: console.log }, 'logger'],
  [{ logger: { debug() {} } }, 'logger'],
  [{ onSlowQuery: 5 }, 'onSlowQuery'],
  [{ slowQueryMs: -1 }, 'slowQueryMs'],
  [{ telemetry: true }, 'telemetry'],
  [{ telemetry: { tracer: {} } }, 'telemetry'],
])('createFunes refuses %o', (options, path) => {
  expect(() => readConfig(options as never, {})).toThrow(
    expect.objectContaining({ code: 'CONFIG.INVALID', meta: { path } }),
  )
})
