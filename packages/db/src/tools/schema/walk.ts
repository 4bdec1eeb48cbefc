import type { JsonSchema } from '../types.js'

/** Keywords whose value is a schema, a list of schemas, or schemas by name (JSON Schema 2020-12, and `definitions`). */
const ONE = [
  'items',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'contentSchema',
  'not',
  'if',
  'then',
  'else',
] as const
const LIST = ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const
const BY_NAME = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'] as const

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A step of a JSON pointer (RFC 6901). */
export function pointerStep(key: string | number): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/**
 * Goes through a schema and all schemas inside of it, and not through what only looks like one: values in `const`, `enum`,
 * `default` and `examples`, and properties that are called like a keyword.
 *
 * @param visit is given each schema with the JSON pointer to it
 */
export function walkSchema(
  schema: unknown,
  visit: (schema: JsonSchema, pointer: string) => void,
  pointer = '',
): void {
  if (!isObject(schema)) return
  visit(schema, pointer)
  for (const key of ONE) walkSchema(schema[key], visit, `${pointer}/${key}`)
  for (const key of LIST) {
    const list = schema[key]
    if (!Array.isArray(list)) continue
    for (const [i, item] of list.entries()) walkSchema(item, visit, `${pointer}/${key}/${i}`)
  }
  for (const key of BY_NAME) {
    const named = schema[key]
    if (!isObject(named)) continue
    for (const [name, item] of Object.entries(named)) {
      walkSchema(item, visit, `${pointer}/${key}${pointerStep(name)}`)
    }
  }
}
