import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { purgeDigest } from '../src/index.js'
import { ownTableNames, referringFirst, standsOnUsers } from '../src/lifecycle/user-tables.js'

const at = (name: string, refersTo: string[] = [], standsOn = refersTo) => ({ name, refersTo, standsOn })

describe('the tables of a purge', () => {
  it('are known to be of Funes by the migrations, which make all that the schema declares', () => {
    const schema = readFileSync(new URL('../../../prisma/schema.prisma', import.meta.url), 'utf8')
    const models = [...schema.matchAll(/^model [\s\S]*?@@map\("([a-z_]+)"\)/gm)].map(
      ([, name]) => name as string,
    )
    expect(models.length).toBeGreaterThan(9)
    for (const name of models) expect(ownTableNames()).toContain(name)
    expect(ownTableNames()).not.toContain('_prisma_migrations')
  })

  it('are emptied before those that they refer to, the users last', () => {
    const tables = [
      at('aaa'),
      at('memories', ['sessions', 'users']),
      at('memory_embeddings', ['memories', 'embedding_models']),
      at('sessions', ['users']),
      at('tool_usage', ['tools']),
      at('users'),
      at('round', ['about']),
      at('about', ['round']),
      at('zzz', ['memory_embeddings']),
    ]
    const names = referringFirst(tables).map(({ name }) => name)
    expect([...names].sort()).toEqual(tables.map(({ name }) => name).sort())
    expect(names.at(-1)).toBe('users')
    for (const { name, refersTo } of tables.filter((t) => t.name !== 'round' && t.name !== 'about'))
      for (const other of refersTo.filter((o) => names.includes(o)))
        expect(names.indexOf(name)).toBeLessThan(names.indexOf(other))
  })

  it('stand on the users only through keys that no row can be without', () => {
    const tables = [
      at('users'),
      at('memories', ['sessions', 'users'], ['users']),
      at('memory_access', ['memories']),
      at('tool_usage', ['sessions'], []),
      at('round', ['about']),
      at('about', ['round']),
    ]
    expect(tables.filter((table) => standsOnUsers(table, tables)).map(({ name }) => name)).toEqual([
      'users',
      'memories',
      'memory_access',
    ])
  })
})

describe('the digest of a receipt', () => {
  const receipt = {
    userId: 'ada "✓"',
    startedAt: new Date('2026-01-01T00:00:00.000Z'),
    finishedAt: new Date('2026-01-01T00:00:01.500Z'),
    removed: { users: 1, memories: 2 },
    remaining: { memories: 0, users: 0 },
    left: [],
    unread: [],
    unmarkedTotals: 0,
    vacuumed: false,
    vacuumError: null,
  }
  it('is one of content: the order of keys, storing as JSON and the digest itself do not matter', () => {
    const digest = purgeDigest(receipt)
    expect(digest).toBe('a3025ac5d04004e06c8a49b858948f6387c5ec59ccd64e15c03be340b0c8bbe2')
    const reversed = Object.fromEntries(Object.entries(receipt).reverse()) as typeof receipt
    expect(purgeDigest(reversed)).toBe(digest)
    expect(purgeDigest(JSON.parse(JSON.stringify({ ...receipt, digest })))).toBe(digest)
    expect(purgeDigest({ ...receipt, removed: { users: 1, memories: 3 } })).not.toBe(digest)
  })
})
