import type { SchemaFact, SchemaKind } from '../sql/schema-facts.js'
import { quoted } from './finding.js'

/** In what a schema is not what the migrations make. */
export interface Drift {
  /** Expected, and not there. */
  readonly missing: readonly SchemaFact[]
  /** There, but otherwise than expected, which is what is told. */
  readonly changed: readonly SchemaFact[]
  /** Columns of Funes' own that must have a value, though the migrations let them go without. */
  readonly required: readonly SchemaFact[]
}

const keyOf = ({ kind, table, name }: SchemaFact) => `${kind} ${table} ${name}`

/**
 * What a definition says, without what versions and settings of a server write differently: blanks, parentheses, schemas before
 * names, names of unnamed columns, which schema functions look into.
 */
function essence({ definition }: SchemaFact): string {
  return definition
    .replace(/--[^\n]*/g, '')
    .replace(/^ *set search_path to .*$/gim, 'set search_path')
    .replace(/"/g, '')
    .replace(/\b[a-z_]\w*\./gi, '')
    .replace(/\bas current_setting\b/gi, '')
    .replace(/[\s()]+/g, '')
    .toLowerCase()
}

/** Compares what there is with what there should be. Whatever else there is, is the application's own. */
export function findDrift(expected: readonly SchemaFact[], present: readonly SchemaFact[]): Drift {
  const there = new Map(present.map((fact) => [keyOf(fact), fact]))
  const known = new Set(expected.map(keyOf))
  const missing = expected.filter((fact) => !there.has(keyOf(fact)))
  const gone = new Set(
    missing.filter(({ kind }) => kind === 'column').map(({ table, name }) => `${table}.${name}`),
  )
  return {
    // Of a column that is not there, that is all there is to say.
    missing: missing.filter(
      ({ kind, table, name }) => (kind !== 'not-null' && kind !== 'default') || !gone.has(`${table}.${name}`),
    ),
    changed: expected.filter((fact) => {
      const found = there.get(keyOf(fact))
      return found !== undefined && essence(found) !== essence(fact)
    }),
    required: present.filter(
      (fact) =>
        fact.kind === 'not-null' && !known.has(keyOf(fact)) && known.has(keyOf({ ...fact, kind: 'column' })),
    ),
  }
}

/** An index, made while writing goes on where PostgreSQL can do that: not on a partitioned table. */
function madeConcurrently(definition: string): string {
  if (/ on only /i.test(definition)) return definition.replace(/ on only /i, ' on ')
  return definition.replace(
    /^create (unique )?index /i,
    (_, unique = '') => `create ${unique.toLowerCase()}index concurrently `,
  )
}

/** What each kind of thing is called. */
export const NAMES: Readonly<Record<SchemaKind, string>> = {
  column: 'column',
  'not-null': 'not-null constraint of the column',
  default: 'default of the column',
  constraint: 'constraint',
  index: 'index',
  trigger: 'trigger',
  function: 'function',
  policy: 'policy',
  type: 'type',
}

/** `memories.content` for a column, `memories_pkey on memories` for what has a name of its own. */
export function nameOf({ kind, table, name }: SchemaFact): string {
  if (table === '') return name
  return kind === 'column' || kind === 'not-null' || kind === 'default'
    ? `${table}.${name}`
    : `${name} on ${table}`
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()

/** The statement that makes it what the migrations make; null where a statement cannot bring it back. */
export function mending(fact: SchemaFact, isThere: boolean): string | null {
  const { kind, definition } = fact
  const [table, name] = [quoted(fact.table), quoted(fact.name)]
  const alter = `alter table ${table}`
  switch (kind) {
    case 'column':
      if (!isThere || / generated /.test(definition)) return null
      return `${alter} alter column ${name} type ${definition} using ${name}::${definition.replace(/ collate .*/, '')};`
    case 'not-null':
      return `${alter} alter column ${name} set not null;`
    case 'default':
      return `${alter} alter column ${name} set default ${definition};`
    case 'constraint':
      return `${alter} ${isThere ? `drop constraint ${name}, ` : ''}add constraint ${name} ${definition};`
    case 'index':
      return `${isThere ? `drop index ${name}; ` : ''}${madeConcurrently(definition)};`
    case 'trigger':
      return `drop trigger if exists ${name} on ${table}; ${definition};`
    case 'function':
      return `${oneLine(definition)};`
    case 'policy':
      return `drop policy if exists ${name} on ${table}; create policy ${name} on ${table} ${definition};`
    case 'type':
      return isThere
        ? definition
            .split(', ')
            .map((label) => `alter type ${name} add value if not exists ${label};`)
            .join(' ')
        : `create type ${name} as enum (${definition});`
  }
}
