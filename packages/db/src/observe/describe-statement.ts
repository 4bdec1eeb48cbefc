import { expectedSchema } from '../generated/expected-schema.js'

/** What a statement is about, in a few words of which there are only so many: it names no value. */
export interface StatementDescription {
  /** What it does, as SQL calls it: of one that reads and writes, what it writes. */
  readonly operation: string
  /** The one table it touches; null of several, and of none. */
  readonly table: string | null
  /** `INSERT memories SELECT embedding_models`: each operation and its table, in the order of the text. */
  readonly summary: string
}

const KNOWN_TABLES = new Set([...expectedSchema.names.tables, '_prisma_migrations'])

/** Where a table's name follows, and what is done to it there. */
const CLAUSES =
  /\b(insert\s+into|delete\s+from|update|copy|from|join|create\s+(?:unique\s+)?index\b[^;]*?\bon)\s+(?:only\s+)?"?([a-z_][a-z0-9_]*)"?/g

const OPERATIONS: readonly (readonly [start: string, operation: string])[] = [
  ['insert', 'INSERT'],
  ['delete', 'DELETE'],
  ['update', 'UPDATE'],
  ['copy', 'COPY'],
  ['create', 'CREATE INDEX'],
]

/** A summary is cut between words at this length, as the conventions for `db.query.summary` ask. */
const MAX_SUMMARY = 255

function operationOf(clause: string): string {
  return OPERATIONS.find(([start]) => clause.startsWith(start))?.[1] ?? 'SELECT'
}

function describe(text: string): StatementDescription {
  const plain = text.replace(/\/\*.*?\*\/|--[^\n]*/gs, ' ').toLowerCase()
  const seen: { operation: string; table: string }[] = []
  for (const [, clause, table] of plain.matchAll(CLAUSES)) {
    if (clause === undefined || table === undefined || !KNOWN_TABLES.has(table)) continue
    const operation = operationOf(clause)
    if (!seen.some((one) => one.operation === operation && one.table === table))
      seen.push({ operation, table })
  }
  const first = /[a-z]+/.exec(plain)?.[0]?.toUpperCase() ?? 'SQL'
  const operation =
    (seen.find((one) => one.operation !== 'SELECT') ?? seen[0])?.operation ??
    (first === 'WITH' ? 'SELECT' : first)
  const tables = new Set(seen.map(({ table }) => table))
  let summary = ''
  for (const { operation: of, table } of seen) {
    const longer = `${summary}${summary === '' ? '' : ' '}${of} ${table}`
    if (longer.length > MAX_SUMMARY) break
    summary = longer
  }
  return {
    operation,
    table: tables.size === 1 ? (seen[0]?.table ?? null) : null,
    summary: summary === '' ? operation : summary,
  }
}

const known = new Map<string, StatementDescription>()
const MAX_KNOWN = 500

/** Describes a statement by its text, which the builders of `sql/` made: it holds no value that a caller gave. */
export function describeStatement(text: string): StatementDescription {
  let description = known.get(text)
  if (description === undefined) {
    description = describe(text)
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(text, description)
  }
  return description
}
