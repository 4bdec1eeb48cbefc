import { funesError } from '../../errors/funes-error.js'
import type { JsonSchema } from '../types.js'
import { walkSchema } from './walk.js'

/** The answer to parameters that cannot be taken. @param path a JSON pointer into the schema */
export function schemaInvalid(path: string, problem: string, cause?: unknown) {
  return funesError('TOOL.SCHEMA_INVALID', `parameters${path === '' ? '' : ` at ${path}`}: ${problem}.`, {
    fix: 'Correct the schema where `meta.path` points: JSON Schema, draft 2020-12, with `type: object` at the top.',
    meta: { path },
    ...(cause !== undefined && { cause }),
  })
}

/** Ways to refer that could lead out of the schema, and `$async`, by which the validator would answer later than it is asked. */
const UNSUPPORTED = [
  ...['$id', 'id', '$anchor', '$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$recursiveAnchor'],
  ...['$vocabulary', '$async'],
]

/** What earlier drafts called otherwise: the present one passes over it, and would let anything through. */
const OUTDATED: Readonly<Record<string, string>> = {
  dependencies: 'is dependentRequired or dependentSchemas in draft 2020-12',
  additionalItems: 'is items, beside prefixItems, in draft 2020-12',
}

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The schema that a pointer leads to; undefined where it leads to none. */
function targetOf(root: JsonSchema, ref: string): JsonSchema | boolean | undefined {
  let at: unknown = root
  try {
    const steps = decodeURIComponent(ref.slice(1)).split('/').slice(1)
    for (const step of steps) {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
      at = (at as Record<string, unknown>)[key]
    }
  } catch {
    return undefined
  }
  return typeof at === 'boolean' || isObject(at) ? at : undefined
}

function assertRef(root: JsonSchema, ref: unknown, pointer: string): void {
  if (typeof ref !== 'string') return
  if (ref !== '#' && !ref.startsWith('#/')) {
    throw schemaInvalid(
      `${pointer}/$ref`,
      'must be a pointer into the same schema (#/...); nothing is ever fetched',
    )
  }
  if (targetOf(root, ref) === undefined) throw schemaInvalid(`${pointer}/$ref`, 'points to no schema')
}

/**
 * That references lead to something else than references, in the end.
 *
 * @param ending schemas of which that is known; it grows
 */
function assertEnds(root: JsonSchema, schema: JsonSchema, pointer: string, ending: Set<JsonSchema>): void {
  const passed = new Set<JsonSchema>()
  let at: JsonSchema | boolean | undefined = schema
  while (isObject(at) && !ending.has(at)) {
    if (passed.has(at)) throw schemaInvalid(`${pointer}/$ref`, 'leads back to itself, and so to no schema')
    passed.add(at)
    at = typeof at.$ref === 'string' ? targetOf(root, at.$ref) : undefined
  }
  for (const one of passed) ending.add(one)
}

function assertPattern(pattern: unknown, path: string): void {
  if (typeof pattern !== 'string') return
  try {
    new RegExp(pattern, 'u')
  } catch (error) {
    throw schemaInvalid(path, 'is not a regular expression', error)
  }
}

/**
 * What the meta-schema lets through and we do not: references out of the schema, keywords of earlier drafts, and
 * patterns that are none.
 *
 * @throws `TOOL.SCHEMA_INVALID` with the path
 */
export function assertSelfContained(root: JsonSchema): void {
  const ending = new Set<JsonSchema>()
  walkSchema(root, (schema, pointer) => {
    assertRef(root, schema.$ref, pointer)
    assertEnds(root, schema, pointer, ending)
    for (const key of UNSUPPORTED) {
      if (Object.hasOwn(schema, key)) throw schemaInvalid(`${pointer}/${key}`, 'is not supported')
    }
    for (const [key, instead] of Object.entries(OUTDATED)) {
      if (Object.hasOwn(schema, key)) throw schemaInvalid(`${pointer}/${key}`, instead)
    }
    if (Array.isArray(schema.items))
      throw schemaInvalid(`${pointer}/items`, 'is prefixItems in draft 2020-12')
    assertPattern(schema.pattern, `${pointer}/pattern`)
    const { patternProperties } = schema
    if (typeof patternProperties !== 'object' || patternProperties === null) return
    for (const pattern of Object.keys(patternProperties))
      assertPattern(pattern, `${pointer}/patternProperties`)
  })
}
