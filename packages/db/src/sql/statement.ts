import { createHash } from 'node:crypto'
import { Prisma } from '../generated/prisma/client.js'

/** What goes over the wire. */
export interface Compiled {
  readonly text: string
  readonly values: unknown[]
}

/** A statement and what its rows look like. Builders make it; only the engine runs it. */
export interface Statement<Row> {
  readonly sql: Prisma.Sql
  /** Whether the server keeps its plan for the next time, under a name. */
  readonly prepare: boolean
  /** Whether it does no harm to run it once more, when nobody knows whether it ran; unless given, its text says so. */
  readonly repeatable?: boolean
  /** What `compile` gives, where it is known already. */
  readonly compiled?: Compiled
  /** Carries the row type; never set. */
  readonly row?: Row
}

/** Text and parameters that become part of a statement. */
export type Fragment = Prisma.Sql

export const sql = Prisma.sql
export const join = Prisma.join
export const nothing = Prisma.empty

/** Marks `fragment` as a statement with rows of type `Row`, prepared unless its text will hardly come again. */
export function statement<Row>(
  fragment: Fragment,
  { prepare = true, repeatable }: { prepare?: boolean; repeatable?: boolean } = {},
): Statement<Row> {
  return { sql: fragment, prepare, ...(repeatable !== undefined && { repeatable }) }
}

/** What changes something or lasts longer than its statement, this schema's own functions among it. Column names such as updated_at are other words. */
const CHANGES =
  /\b(insert|update|delete|merge|truncate|lock|create|drop|alter|refresh|reindex|vacuum|call|do|copy|nextval|setval|pg_notify|pg_try_advisory_\w+|pg_advisory_\w+|pg_cancel_backend|pg_terminate_backend)\b|\bset_config\([^()]*,\s*false\s*\)|\b(funes|tool_usage)_\w+\s*\(/i

/** Whether a statement only reads, or is marked as one that may run twice. Texts come from this package alone. */
export function isRepeatable({ repeatable, sql: { strings } }: Statement<unknown>): boolean {
  if (repeatable !== undefined) return repeatable
  const text = strings.join(' ')
  return /^\s*(select|with)\b/i.test(text) && !CHANGES.test(text)
}

/** What a text begins with that is not worth a name: Prisma, which names statements too, sees the text alone. */
const ONCE = '/* once */ '

/**
 * The text and parameters that go over the wire. A buffer that occurs several times is one parameter: a vector is
 * sent once, however often its statement names it.
 */
export function compile(statement: Statement<unknown>): Compiled {
  if (statement.compiled !== undefined) return statement.compiled
  const { strings, values } = statement.sql
  const { prepare } = statement
  const parameters: unknown[] = []
  const places = new Map<unknown, number>()
  let text = `${prepare ? '' : ONCE}${strings[0]}`
  for (const [i, value] of values.entries()) {
    let place = Buffer.isBuffer(value) ? places.get(value) : undefined
    if (place === undefined) {
      place = parameters.push(value)
      if (Buffer.isBuffer(value)) places.set(value, place)
    }
    text += `$${place}${strings[i + 1]}`
  }
  return { text, values: parameters }
}

/** Where a value goes that changes from call to call: a buffer of its own, so that it is one parameter. */
export const slot = (): Buffer => Buffer.alloc(0)

/** So many shapes of a statement are kept ready. */
const MAX_TEMPLATES = 200

/**
 * Statements made ready once for every shape they can have, and then only filled in: putting a search together from its
 * parts was most of what it cost the client.
 */
export function createTemplates<Row>() {
  const known = new Map<string, { made: Statement<Row>; compiled: Compiled }>()
  /** @param make is asked for each shape once, and makes it with slots in place of values */
  return (shape: string, put: ReadonlyMap<unknown, unknown>, make: () => Statement<Row>): Statement<Row> => {
    let template = known.get(shape)
    if (template === undefined) {
      if (known.size >= MAX_TEMPLATES) known.clear()
      const made = make()
      template = { made, compiled: compile(made) }
      known.set(shape, template)
    }
    const { made, compiled } = template
    const filled = (values: readonly unknown[]) =>
      values.map((value) => (put.has(value) ? put.get(value) : value))
    return {
      get sql() {
        return new Prisma.Sql(made.sql.strings, filled(made.sql.values) as typeof made.sql.values)
      },
      prepare: made.prepare,
      compiled: { text: compiled.text, values: filled(compiled.values) },
    }
  }
}

/** An integer that must stand in the text, as a partial index needs (`model_id = 1`), or as a type modifier. */
export function integerLiteral(value: number): Fragment {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`not a natural number: ${value}`)
  return Prisma.raw(String(value))
}

/** Text out of a closed table of this package. Never call it with input. */
export function trusted(text: string): Fragment {
  return Prisma.raw(text)
}

const names = new Map<string, string>()
const MAX_NAMES = 500

/**
 * The name under which a statement is prepared: a digest of its text, so that equal texts share a plan.
 * Undefined for one that is not to be prepared, and past 500 different texts, so that endless variety cannot fill the
 * server's memory.
 */
export function statementName(text: string): string | undefined {
  if (text.startsWith(ONCE)) return undefined
  const known = names.get(text)
  if (known !== undefined) return known
  if (names.size >= MAX_NAMES) return undefined
  const name = `funes_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
  names.set(text, name)
  return name
}
