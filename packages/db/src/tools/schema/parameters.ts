import { z } from 'zod'
import { checked, jsonObject } from '../../input.js'
import type { JsonSchema } from '../types.js'
import { assertSelfContained, schemaInvalid } from './refused.js'
import { compileValidator, metaProblem } from './validator.js'
import { pointerStep, walkSchema } from './walk.js'

/** Of the schema as JSON, in UTF-8. */
const MAX_BYTES = 128 * 1024
/** Objects and arrays inside each other. */
const MAX_DEPTH = 64

const NO_PARAMETERS: JsonSchema = { type: 'object', properties: {} }

/** Drafts that are read: 2020-12, and 07, which many generators name and which is refused where it meant something else. */
const DRAFT = /^https?:\/\/json-schema\.org\/draft(?:\/(2020-12)|-(07))\/schema#?$/

/** What may stand beside `$ref` in draft 07 and still says something: it holds arguments to nothing. */
const BESIDE_REF: readonly string[] = [
  ...['$ref', '$defs', 'definitions', '$comment', 'title', 'description', 'default', 'examples', 'readOnly'],
  ...['writeOnly', 'deprecated'],
]

const parametersSchema = z.strictObject({ parameters: jsonObject })

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let deepest = 0
  for (const item of Object.values(value)) deepest = Math.max(deepest, depthOf(item))
  return 1 + deepest
}

/** Of what goes in, as defaults and transformations come after a call. */
const CONVERSION = { target: 'draft-2020-12', io: 'input' } as const

/** The part of a zod schema that has no form in JSON Schema, by its place in what the rest becomes. */
function partWithoutForm(schema: z.ZodType): { path: string; problem: string } {
  let part = { path: '', problem: 'the zod schema has no form in JSON Schema' }
  try {
    z.toJSONSchema(schema, {
      ...CONVERSION,
      unrepresentable({ path, message }) {
        part = { path: path.map(pointerStep).join(''), problem: message }
        return 'throw'
      },
    })
  } catch {
    // That it fails is known.
  }
  return part
}

/** A zod 4 schema as JSON Schema. */
function converted(schema: z.ZodType): unknown {
  try {
    return JSON.parse(JSON.stringify(z.toJSONSchema(schema, CONVERSION)))
  } catch (error) {
    const { path, problem } = partWithoutForm(schema)
    throw schemaInvalid(path, problem, error)
  }
}

const isZod4 = (given: unknown): given is z.ZodType =>
  typeof given === 'object' && given !== null && '_zod' in given && typeof given._zod === 'object'

const isZod3 = (given: unknown) =>
  typeof given === 'object' && given !== null && '_def' in given && 'safeParse' in given

export const isZodSchema = (given: unknown): boolean => isZod4(given) || isZod3(given)

function asJson(given: unknown): JsonSchema {
  if (isZod3(given) && !isZod4(given))
    throw schemaInvalid('', 'is a schema of zod 3; zod 4 schemas are converted')
  const value = isZod4(given) ? converted(given) : given
  return checked(parametersSchema, { parameters: value }).parameters
}

/** @throws `TOOL.SCHEMA_INVALID` for a draft, or a dialect of somebody's own, by which the schema may mean something else */
function draftOf(dialect: unknown): '2020-12' | '07' {
  if (dialect === undefined) return '2020-12'
  const [, present, seventh] = DRAFT.exec(typeof dialect === 'string' ? dialect : '') ?? []
  if (present !== undefined) return '2020-12'
  if (seventh !== undefined) return '07'
  throw schemaInvalid(
    '/$schema',
    'names neither draft 2020-12 nor draft-07, and would be read as what it is not',
  )
}

/** A schema of draft 07, by which nothing beside `$ref` counts, as the present draft says the same. */
function asPresentDraft(schema: JsonSchema): JsonSchema {
  const copy = structuredClone(schema)
  walkSchema(copy, (one, pointer) => {
    if (typeof one.$ref !== 'string') return
    for (const key of Object.keys(one)) {
      // That arguments are an object is so anyway.
      if (BESIDE_REF.includes(key) || (pointer === '' && key === 'type')) continue
      delete (one as Record<string, unknown>)[key]
    }
  })
  return copy
}

/**
 * Checks what a tool's parameters were given as, and brings it to the form in which it is stored: a JSON Schema of draft
 * 2020-12 for an object, without `$schema` and `$id` at the top. One of draft-07 is brought to the same meaning.
 *
 * @throws `TOOL.SCHEMA_INVALID` with the path, `INPUT.INVALID`, `INPUT.NUL_CHARACTER`
 */
export async function readParameters(given: unknown): Promise<JsonSchema> {
  if (given === undefined) return NO_PARAMETERS
  const { $schema, $id, ...own } = asJson(given)
  const bytes = Buffer.byteLength(JSON.stringify(own))
  if (bytes > MAX_BYTES) throw schemaInvalid('', `has ${bytes} bytes, the limit is ${MAX_BYTES}`)
  const depth = depthOf(own)
  if (depth > MAX_DEPTH) throw schemaInvalid('', `is ${depth} levels deep, the limit is ${MAX_DEPTH}`)
  const schema = draftOf($schema) === '07' ? asPresentDraft(own) : own
  const problem = await metaProblem(schema)
  if (problem !== null) throw schemaInvalid(problem.path, problem.message)
  if (schema.type !== 'object') throw schemaInvalid('/type', 'must be object at the top')
  assertSelfContained(schema)
  await assertUsable(schema)
  return schema
}

/** That it compiles, and comes to an end. */
async function assertUsable(schema: JsonSchema): Promise<void> {
  try {
    const check = await compileValidator(schema)
    const endless = check({}).problems.find(({ keyword }) => keyword === 'depth' || keyword === 'timeout')
    if (endless === undefined) return
  } catch (error) {
    // By its size and depth it fits onto the stack.
    if (error instanceof RangeError) throw schemaInvalid('', 'refers to itself without end', error)
    throw schemaInvalid(
      '',
      `cannot be compiled (${error instanceof Error ? error.message : 'stopped'})`,
      error,
    )
  }
  throw schemaInvalid('', 'refers to itself without end')
}
