import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { backoff, createRetry } from '../src/engine/retry.js'
import { touchMemories } from '../src/sql/memory-access.js'
import { deleteMemory } from '../src/sql/memory-change.js'
import { insertMemories } from '../src/sql/memory-insert.js'
import { countMemories, selectHistory, selectMemory } from '../src/sql/memory-read.js'
import { searchMemories } from '../src/sql/memory-search.js'
import { lockMemoryWrites, selectFollowed, setModelState } from '../src/sql/models.js'
import { selectSession } from '../src/sql/sessions.js'
import { isRepeatable, sql, statement } from '../src/sql/statement.js'
import { upsertUser } from '../src/sql/users.js'

const space = { id: 1, dimensions: 3, metric: 'cosine', indexKind: 'hnsw_halfvec' } as const

it('knows statements that only read by their text', () => {
  const search = {
    space,
    filter: undefined,
    query: Buffer.alloc(0),
    userId: 'u',
    k: 1,
    exactUpTo: 9,
    efSearch: 9,
  }
  const reads = [
    selectMemory('u', 'id', false),
    countMemories(null),
    selectHistory('u', 'id'),
    selectFollowed('m'),
    selectSession('u', 's'),
    searchMemories(search as never),
    statement(sql`/* no */ insert into x values (1)`, { repeatable: true }),
  ]
  expect(reads.map(isRepeatable)).toEqual(reads.map(() => true))
})

it('takes whatever else for something that is not to be done twice', () => {
  const row = { userId: 'u', id: 'i', contentHash: Buffer.alloc(0) }
  const writes = [
    insertMemories([row as never], space as never),
    touchMemories([{ userId: 'u', id: 'i' }]),
    deleteMemory({ userId: 'u', id: 'i', actor: null }),
    setModelState(1, 'active'),
    lockMemoryWrites,
    upsertUser('u', null),
    statement(sql`select pg_advisory_lock(1)`),
    statement(sql`select pg_try_advisory_lock(${1})`),
    statement(sql`select set_config('a.b', ${'c'}, false)`),
    statement(sql`with gone as (delete from x returning 1) select * from gone`),
    statement(sql`select 1 from x for update`),
    statement(sql`vacuum`),
    statement(sql`select 1`, { repeatable: false }),
  ]
  expect(writes.map(isRepeatable)).toEqual(writes.map(() => false))
})

it('takes every function of the schema for one that changes something', () => {
  const folder = new URL('../../../prisma/migrations/', import.meta.url)
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .map((file) => readFileSync(new URL(file.replaceAll('\\', '/'), folder), 'utf8'))
    .flatMap((text) =>
      [...text.matchAll(/create (?:or replace )?function "?(\w+)"?\s*\(/gi)].map((m) => m[1]),
    )
  expect(names.length).toBeGreaterThan(0)
  const calls = names.map((name) => statement({ strings: [`select ${name}()`], values: [] } as never))
  expect(calls.map(isRepeatable)).toEqual(calls.map(() => false))
})

it('waits at most twice as long each time, up to a bound', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 1000 }), (made, baseMs) => {
      const ms = backoff(made, { baseMs, maxMs: 3_000 })
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(ms).toBeLessThanOrEqual(Math.min(3_000, baseMs * 2 ** (made - 1)))
    }),
  )
})

it('spends a budget that all calls share, and that comes back with time', async () => {
  const retry = createRetry({ attempts: 9, baseMs: 1, maxMs: 1, budget: 3, budgetPerSecond: 100 })
  const answers = await Promise.all(Array.from({ length: 5 }, () => retry.again(1)))
  expect(answers.filter(Boolean)).toHaveLength(3)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(await retry.again(1)).toBe(true)
  expect(await retry.again(9)).toBe(false)
  expect(await retry.again(1, 1)).toBe(false)
})
