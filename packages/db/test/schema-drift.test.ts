import { describe, expect, it } from 'vitest'
import { judgeDrift } from '../src/doctor/check-schema.js'
import { findDrift } from '../src/doctor/schema-drift.js'
import { expectedSchema } from '../src/generated/expected-schema.js'

describe('drift', () => {
  const { facts } = expectedSchema
  const without = (kind: string, name: string) =>
    findDrift(
      facts,
      facts.filter((fact) => fact.kind !== kind || fact.name !== name),
    )

  it('is looked for in everything that migrations make', () => {
    const kinds = new Set(facts.map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual([
      'column',
      'constraint',
      'default',
      'function',
      'index',
      'not-null',
      'policy',
      'trigger',
      'type',
    ])
    expect(judgeDrift(findDrift(facts, facts), 'schema')).toEqual([])
    expect(judgeDrift(findDrift(facts, facts), 'indexes')).toEqual([])
  })

  it('is not what servers write differently', () => {
    const otherwise = facts.map((fact) => ({
      ...fact,
      definition: fact.definition
        .replace(/\(\(/g, '( (')
        .replace(/\)\)/g, ') )')
        .replace(/(FUNCTION|ON|REFERENCES) (?=[a-z_])/g, '$1 elsewhere.'),
    }))
    expect(otherwise).not.toEqual(facts)
    expect(findDrift(facts, otherwise)).toEqual({ missing: [], changed: [], required: [] })
  })

  it('says of a column that is missing only that, and of an index how it is made while writing goes on', () => {
    const noColumn = findDrift(
      facts,
      facts.filter(({ table, name }) => table !== 'memories' || name !== 'importance'),
    )
    expect(judgeDrift(noColumn, 'schema').map(({ id, title }) => [id, title])).toEqual([
      ['schema.columns', 'The column memories.importance is missing'],
    ])
    const fixOf = (name: string) => judgeDrift(without('index', name), 'indexes')[0]?.fix?.sql
    expect(fixOf('memories_metadata_idx')).toMatch(
      /^create index concurrently memories_metadata_idx on memories /i,
    )
    expect(fixOf('memories_user_dedup_key')).toMatch(/^create unique index concurrently /)
    // On a partitioned table there is no such thing.
    expect(fixOf('tool_usage_tool_at_idx')).toMatch(/^create index tool_usage_tool_at_idx on tool_usage /i)
  })
})
