import type { FormatProblem, ObjectSchema } from './format-types.js'
import { pointerStep } from './schema/walk.js'
import type { JsonSchema } from './types.js'

const ANNOTATIONS = ['title', 'description']

/**
 * What OpenAI's Structured Outputs take of JSON Schema, as its guide has it ("Supported schemas"); of strings `minLength` and
 * `maxLength` are not among it.
 */
const VALUES = ['enum', 'const', 'pattern', 'multipleOf', 'minItems', 'maxItems']
const BOUNDS = ['maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum']
const STRUCTURE = ['type', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', '$ref']
const DEFINITIONS = ['$defs', 'definitions'] as const

/** What holds arguments to something, and cannot be said there. Whatever else there is holds them to nothing, and is left out. */
const NOT_TAKEN = [
  ...['allOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentRequired', 'dependentSchemas'],
  ...['minLength', 'maxLength', 'patternProperties', 'propertyNames', 'minProperties', 'maxProperties'],
  ...['prefixItems', 'contains', 'minContains', 'maxContains', 'uniqueItems'],
  ...['unevaluatedItems', 'unevaluatedProperties'],
]

const FORMATS = ['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid']

const MAX = { properties: 5000, levels: 10, enumValues: 1000, characters: 120_000 } as const
/** Of one enum with more than so many values, all together may have so many characters. */
const LONG_ENUM = { values: 250, characters: 15_000 } as const

/** Ways to look around, which the service's regular expressions do not have. */
const LOOKAROUND = /(?<!\\)(?:\\\\)*\(\?<?[=!]/

/** A schema on its way, with what was found in it. */
interface Reading {
  readonly problems: FormatProblem[]
  properties: number
  enumValues: number
  /** Of names of properties and definitions and of values. */
  characters: number
}

/** One schema of it: where it stands, and inside how many objects, itself included. */
interface Place {
  readonly at: string
  readonly level: number
}

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const lengthOf = (values: readonly unknown[]) =>
  values.reduce((sum: number, value) => sum + (typeof value === 'string' ? value.length : 0), 0)

/** `minLength: 0` and the like. */
const saysNothing = (keyword: string, value: unknown) =>
  keyword === 'uniqueItems' ? value === false : keyword.startsWith('min') && value === 0

function typeOfValue(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** The types that a schema names, or that its values have. */
function typesOf({ type, enum: values, const: value }: JsonSchema): readonly unknown[] {
  if (type !== undefined) return Array.isArray(type) ? type : [type]
  if (Array.isArray(values)) return [...new Set(values.map(typeOfValue))]
  return value === undefined ? [] : [typeOfValue(value)]
}

/** Whether null passes; for what only refers elsewhere it is not looked up. */
function takesNull(schema: unknown): boolean {
  if (!isObject(schema)) return false
  if (Array.isArray(schema.anyOf)) return schema.anyOf.some(takesNull)
  if (Array.isArray(schema.enum) && !schema.enum.includes(null)) return false
  return typesOf(schema).includes('null') && (schema.const ?? null) === null
}

const copied = (schema: JsonSchema, keywords: readonly string[]) =>
  Object.fromEntries(keywords.filter((key) => Object.hasOwn(schema, key)).map((key) => [key, schema[key]]))

function add(reading: Reading, path: string, keyword: string, message: string): void {
  reading.problems.push({ path, keyword, message })
}

function readObject(schema: JsonSchema, { at, level }: Place, reading: Reading): JsonSchema {
  const { additionalProperties } = schema
  const properties = Object.entries(isObject(schema.properties) ? schema.properties : {})
  const names = properties.map(([name]) => name)
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : []
  if (level > MAX.levels) add(reading, at, 'properties', `stands in more than ${MAX.levels} objects`)
  if (additionalProperties !== undefined && additionalProperties !== false) {
    add(reading, `${at}/additionalProperties`, 'additionalProperties', 'must be false')
  } else if (additionalProperties === undefined && names.length === 0 && level > 1) {
    add(reading, at, 'properties', 'must name the properties: an object of any keys cannot be promised')
  }
  for (const name of required) {
    if (!names.includes(name as string)) {
      add(reading, `${at}/required`, 'required', 'must name only what is in properties')
    }
  }
  for (const [name, one] of properties) {
    if (required.includes(name) || takesNull(one)) continue
    const path = `${at}/properties${pointerStep(name)}`
    add(reading, path, 'required', 'must be required; what need not be given may be null instead')
  }
  reading.properties += names.length
  reading.characters += lengthOf(names)
  const read = properties.map(([name, one]) => {
    const place = { at: `${at}/properties${pointerStep(name)}`, level: level + 1 }
    return [name, readSchema(one, place, reading)] as const
  })
  return { properties: Object.fromEntries(read), required: names, additionalProperties: false }
}

function readItems({ items }: JsonSchema, { at, level }: Place, reading: Reading): JsonSchema {
  if (items !== undefined) return { items: readSchema(items, { at: `${at}/items`, level }, reading) }
  add(reading, at, 'items', 'must be given')
  return {}
}

function checkValues({ enum: values, const: value }: JsonSchema, { at }: Place, reading: Reading): void {
  reading.characters += lengthOf([value])
  if (typeof value === 'object' && value !== null) {
    add(reading, `${at}/const`, 'const', 'must be text, a number, true, false or null')
  }
  if (!Array.isArray(values)) return
  const characters = lengthOf(values)
  reading.enumValues += values.length
  reading.characters += characters
  if (values.some((one) => typeof one === 'object' && one !== null)) {
    add(reading, `${at}/enum`, 'enum', 'must hold nothing but text, numbers, true, false and null')
  }
  if (values.length > LONG_ENUM.values && characters > LONG_ENUM.characters) {
    add(reading, `${at}/enum`, 'enum', `has more than ${LONG_ENUM.characters} characters`)
  }
}

/** The definitions that stand with a schema. */
function readDefinitions(schema: JsonSchema, { at }: Place, reading: Reading): JsonSchema {
  const found: Record<string, unknown> = {}
  for (const keyword of DEFINITIONS) {
    const definitions = schema[keyword]
    if (!isObject(definitions)) continue
    reading.characters += lengthOf(Object.keys(definitions))
    const read = Object.entries(definitions).map(([name, one]) => {
      // Wherever it is referred to, that is inside of the whole.
      const place = { at: `${at}/${keyword}${pointerStep(name)}`, level: 2 }
      return [name, readSchema(one, place, reading)] as const
    })
    found[keyword] = Object.fromEntries(read)
  }
  return found
}

/** A schema that is wholly another, or one of others: nothing that holds arguments to more may stand beside it. */
function readAlone(
  keyword: '$ref' | 'anyOf',
  schema: JsonSchema,
  { at, level }: Place,
  reading: Reading,
): JsonSchema {
  const more = [...VALUES, ...BOUNDS, ...STRUCTURE]
  const beside = more.find((key) => key !== keyword && Object.hasOwn(schema, key))
  if (beside !== undefined) add(reading, `${at}/${beside}`, beside, `must not stand beside ${keyword}`)
  const { $ref, anyOf } = schema
  if (keyword === '$ref') {
    if (typeof $ref !== 'string' || !/^#(\/(\$defs|definitions)\/[^/]+)?$/.test($ref)) {
      add(reading, `${at}/$ref`, '$ref', 'must be # or lead to a definition')
    }
    return { $ref }
  }
  const read = (anyOf as unknown[]).map((one, i) => {
    return readSchema(one, { at: `${at}/anyOf/${i}`, level }, reading)
  })
  return { ...copied(schema, ANNOTATIONS), anyOf: read }
}

function readSchema(given: unknown, place: Place, reading: Reading): JsonSchema {
  const { at } = place
  if (!isObject(given)) {
    add(reading, at, String(given), 'must be a schema that says which type it is')
    return {}
  }
  for (const keyword of NOT_TAKEN) {
    if (!Object.hasOwn(given, keyword) || saysNothing(keyword, given[keyword])) continue
    add(reading, `${at}/${keyword}`, keyword, 'is not among what strict schemas may say')
  }
  const definitions = readDefinitions(given, place, reading)
  if (Object.hasOwn(given, '$ref')) return { ...definitions, ...readAlone('$ref', given, place, reading) }
  if (Array.isArray(given.anyOf)) return { ...definitions, ...readAlone('anyOf', given, place, reading) }

  const types = typesOf(given)
  if (types.length === 0) add(reading, at, 'type', 'must be given')
  checkValues(given, place, reading)
  if (typeof given.pattern === 'string' && LOOKAROUND.test(given.pattern)) {
    add(reading, `${at}/pattern`, 'pattern', 'must not look ahead or behind')
  }
  const isArray = types.includes('array')
  return {
    ...(types.length > 0 && { type: types.length === 1 ? types[0] : types }),
    ...structuredClone(copied(given, [...ANNOTATIONS, ...VALUES, ...BOUNDS])),
    // By the draft a format holds arguments to nothing: one that is not taken may go.
    ...(FORMATS.includes(given.format as string) && { format: given.format }),
    ...(types.includes('object') && readObject(given, place, reading)),
    ...(isArray && readItems(given, place, reading)),
    ...definitions,
  }
}

/** A schema as OpenAI's strict mode takes it, or why it cannot be had. */
export interface StrictSchema {
  readonly schema: ObjectSchema
  /** None, or the schema is of no use. */
  readonly problems: readonly FormatProblem[]
}

/**
 * Brings a tool's parameters to the form that OpenAI's strict mode takes. Objects that say nothing of other properties are
 * closed, what may be null is required, and what holds arguments to nothing is left out, so all that passes the result passes
 * the schema as it was given.
 */
export function strictSchema(parameters: JsonSchema): StrictSchema {
  const reading: Reading = { problems: [], properties: 0, enumValues: 0, characters: 0 }
  const schema = readSchema(parameters, { at: '', level: 1 }, reading) as ObjectSchema
  const { properties, enumValues, characters } = reading
  if (properties > MAX.properties) add(reading, '', 'properties', `are more than ${MAX.properties} in all`)
  if (enumValues > MAX.enumValues) add(reading, '', 'enum', `has more than ${MAX.enumValues} values in all`)
  if (characters > MAX.characters) {
    add(reading, '', 'properties', `have names and values of more than ${MAX.characters} characters in all`)
  }
  return { schema, problems: reading.problems }
}
