import { createHash } from 'node:crypto'
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import type { CallCheck, CallProblem, JsonSchema } from '../types.js'
import { pointerStep } from './walk.js'
import { isOutOfTime, withinTime } from './watchdog.js'

/** Tells what is wrong with a call's arguments. */
export type Validator = (args: unknown) => CallCheck

/** Compiled schemas that are kept. */
const MAX_VALIDATORS = 500
const MAX_PROBLEMS = 100

/** Schemas of the allowed size take a few milliseconds to compile, and arguments less than one to check. */
const COMPILE_MS = 2000
const CHECK_MS = 250

const known = new Map<string, Validator>()
let meta: Ajv2020 | undefined

/** Loaded when first needed: who registers no tools pays nothing for it. */
const loadAjv = () => import('ajv/dist/2020.js')

/** The first thing that the meta-schema of draft 2020-12 finds wrong, or null. */
export async function metaProblem(schema: JsonSchema): Promise<CallProblem | null> {
  const { Ajv2020 } = await loadAjv()
  meta ??= new Ajv2020({ strict: false, validateFormats: false, logger: false })
  if (meta.validateSchema(schema) === true) return null
  const [first] = meta.errors ?? []
  return first === undefined ? { path: '', message: 'is no schema', keyword: '' } : problemOf(first)
}

/** The property that an error is about, where the error stands with the object that lacks it or has it. */
function propertyOf({ keyword, params }: ErrorObject): string | undefined {
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
      return params.missingProperty
    case 'additionalProperties':
      return params.additionalProperty
    case 'unevaluatedProperties':
      return params.unevaluatedProperty
    case 'propertyNames':
      return params.propertyName
    default:
      return undefined
  }
}

function problemOf(error: ErrorObject): CallProblem {
  const property = propertyOf(error)
  return {
    path: property === undefined ? error.instancePath : `${error.instancePath}${pointerStep(property)}`,
    message: error.message ?? 'is invalid',
    keyword: error.keyword,
  }
}

function problems(errors: readonly ErrorObject[]): CallProblem[] {
  const all = errors.slice(0, 10 * MAX_PROBLEMS).map(problemOf)
  const distinct = new Map(all.map((problem) => [JSON.stringify(problem), problem]))
  return [...distinct.values()].slice(0, MAX_PROBLEMS)
}

/** What is answered for arguments that could not be checked to the end. */
function unchecked(error: unknown): CallProblem {
  if (isOutOfTime(error)) {
    return { path: '', message: `could not be checked within ${CHECK_MS} ms`, keyword: 'timeout' }
  }
  if (error instanceof RangeError) {
    const message = 'is nested too deeply to be checked, or the schema refers to itself without end'
    return { path: '', message, keyword: 'depth' }
  }
  // The check itself throws nothing: it was a getter of the arguments, or a proxy among them.
  return { path: '', message: 'cannot be read: a getter or a proxy throws', keyword: 'unreadable' }
}

/**
 * Compiles a schema that has passed all other checks. Only own properties count, formats are annotations as the draft has
 * them, nothing is coerced or filled in, and no reference is resolved beyond the schema.
 *
 * @throws what Ajv throws, and what the watchdog does
 */
export async function compileValidator(schema: JsonSchema): Promise<Validator> {
  const { Ajv2020 } = await loadAjv()
  // One for each schema: what one schema calls itself must not be known to another, and nothing is kept beyond it.
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    validateSchema: false,
    meta: false,
    allErrors: true,
    ownProperties: true,
    // A reference is a call: inlined, schemas that refer to each other twice would double with every step.
    inlineRefs: false,
    logger: false,
  })
  const validate: ValidateFunction = withinTime(COMPILE_MS, () => ajv.compile(schema))
  return (args) => {
    try {
      const valid = withinTime(CHECK_MS, () => validate(args))
      return valid
        ? { valid: true, problems: [] }
        : { valid: false, problems: problems(validate.errors ?? []) }
    } catch (error) {
      return { valid: false, problems: [unchecked(error)] }
    } finally {
      validate.errors = null
    }
  }
}

/** The validator of a schema as it is stored, compiled once for each content. */
export async function validatorOf(schema: JsonSchema): Promise<Validator> {
  const key = createHash('sha256').update(JSON.stringify(schema)).digest('base64url')
  const found = known.get(key)
  if (found !== undefined) {
    known.delete(key)
    known.set(key, found)
    return found
  }
  const made = await compileValidator(schema)
  known.set(key, made)
  const [oldest] = known.keys()
  if (known.size > MAX_VALIDATORS && oldest !== undefined) known.delete(oldest)
  return made
}
