import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ARCHIVE_TABLE_NAMES, type ArchiveTable, type CatalogColumn } from '../sql/archive-tables.js'
import { unsupported } from './faults.js'
import type { Header } from './format.js'

/** The columns of the archive's tables in a database, by table. */
export type Catalog = ReadonlyMap<ArchiveTable, readonly CatalogColumn[]>

export function catalogOf(columns: readonly CatalogColumn[]): Catalog {
  return new Map(
    ARCHIVE_TABLE_NAMES.map((table) => [table, columns.filter((column) => column.table === table)]),
  )
}

/** Columns that are written as text in `row`; vectors stand beside it. */
export const archivedColumns = (columns: readonly CatalogColumn[]): CatalogColumn[] =>
  columns.filter(({ type }) => type !== 'vector')

const INT4_MAX = 2_147_483_647
const int4 = z
  .int()
  .min(-INT4_MAX - 1)
  .max(INT4_MAX)
const fit = (value: string) => !value.includes('\0') && value.isWellFormed()
const int2 = z.int().min(-32_768).max(32_767)
const text = z.string().refine(fit)
const float = z.union([z.number(), z.enum(['Infinity', '-Infinity', 'NaN'])])
const timestamp = z
  .string()
  .regex(/^(-?infinity|\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d){0,2}( BC)?)$/)

/** What `row_to_json` writes of each type. */
const BY_TYPE: Readonly<Record<string, z.ZodType>> = {
  text,
  varchar: text,
  uuid: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  int2,
  int4,
  int8: z.int(),
  float4: float,
  float8: float,
  bool: z.boolean(),
  timestamptz: timestamp,
  bytea: z.string().regex(/^\\x([0-9a-f]{2})*$/),
  jsonb: z.unknown(),
  regconfig: text.min(1),
  _text: z.array(text),
  _int2: z.array(int2),
  _int8: z.array(z.int()),
  varbit: z.string().regex(/^x[0-9a-f]*$/),
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
const object = z.unknown().refine(isObject)
const importance = z.number().min(0).max(1)
const positive = int4.min(1)
const sha256 = z.string().regex(/^\\x[0-9a-f]{64}$/)

/** What the database's own constraints ask: what they would refuse is to be found before anything is stored. */
const CONSTRAINTS: Readonly<Record<string, z.ZodType>> = {
  'users.id': text.min(1),
  'users.tenant_id': text.min(1),
  'sessions.id': text.min(1),
  'sessions.metadata': object,
  'memories.content': text.min(1),
  'memories.content_hash': sha256,
  'memories.importance': importance,
  'memories.metadata': object,
  'memories.version': positive,
  'memory_history.operation': z.enum(['update', 'delete', 'restore']),
  'embedding_models.name': text.min(1),
  'embedding_models.dimensions': int4.min(1).max(16_000),
  'tools.name': text.min(1),
  'tools.parameters': object,
  'tool_versions.content_hash': sha256,
  'tool_usage.duration_ms': z.number().min(0),
  'tool_usage.input_tokens': int4.min(0),
  'tool_usage.output_tokens': int4.min(0),
  'tool_usage_retention.id': z.literal(1),
}

function columnSchema({ table, name, type, labels, required }: CatalogColumn): z.ZodType {
  const value =
    CONSTRAINTS[`${table}.${name}`] ?? (labels === null ? BY_TYPE[type] : z.enum(labels)) ?? z.unknown()
  return required ? value : value.nullable()
}

const hashOf = (content: string) => `\\x${createHash('sha256').update(content).digest('hex')}`

function rowSchema(table: ArchiveTable, columns: readonly CatalogColumn[]): z.ZodType {
  const schema = z.strictObject(
    Object.fromEntries(columns.map((column) => [column.name, columnSchema(column)])),
  )
  if (table !== 'memories') return schema
  return schema.refine((row) => row.content_hash === hashOf(row.content as string), {
    path: ['content_hash'],
  })
}

/** A schema for the rows of each table of the archive. */
export type RowSchemas = ReadonlyMap<ArchiveTable, z.ZodType>

/**
 * Holds the archive's columns against those of this database, and makes of both what its rows are checked with.
 *
 * @throws `ARCHIVE.UNSUPPORTED` when rows have columns that are not here, or lack some that must be given
 */
export function rowSchemas(header: Header, catalog: Catalog): RowSchemas {
  return new Map(
    (Object.entries(header.tables) as [ArchiveTable, string[]][]).map(([table, names]) => {
      const here = archivedColumns(catalog.get(table) ?? [])
      const unknown = names.filter((name) => !here.some((column) => column.name === name))
      const missing = here.filter((c) => c.required && !c.hasDefault && !names.includes(c.name))
      if (unknown.length > 0 || missing.length > 0) {
        throw unsupported(
          `The archive's ${table} have other columns than this database.`,
          'Run `await funes.migrate()` with a release as new as the one that wrote the archive.',
          { table, unknown, missing: missing.map(({ name }) => name) },
        )
      }
      return [
        table,
        rowSchema(
          table,
          here.filter(({ name }) => names.includes(name)),
        ),
      ]
    }),
  )
}
