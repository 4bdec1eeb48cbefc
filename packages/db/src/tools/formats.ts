import { z } from 'zod'
import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import type {
  AnthropicTool,
  FormatOptions,
  FormatProblem,
  Formattable,
  MCPTool,
  ObjectSchema,
  OpenAIChatTool,
  OpenAIFormatOptions,
  OpenAIResponsesTool,
  UnsupportedTool,
} from './format-types.js'
import { pointerStep } from './schema/walk.js'
import type { ToolHit } from './select-types.js'
import { strictSchema } from './strict-schema.js'
import type { JsonSchema, Tool } from './types.js'

type Provider = UnsupportedTool['provider']

const told = z.custom<NonNullable<FormatOptions['onUnsupported']>>(
  (given) => typeof given === 'function',
  'must be a function',
)
const optionsSchema = z.strictObject({
  onUnsupported: told.optional(),
  maxDescription: z.int().min(1).max(20_000).optional(),
})
const openAISchema = optionsSchema.extend({
  api: z.enum(['chat', 'responses']).optional(),
  strict: z.union([z.boolean(), z.literal('prefer')]).optional(),
  maxTools: z.int().min(1).max(10_000).optional(),
})

/** What a provider does not take at the top of a schema; further down it may stand. */
const NOT_AT_TOP: Readonly<Record<Provider, readonly string[]>> = {
  OpenAI: ['oneOf', 'anyOf', 'allOf', 'not', 'enum'],
  Anthropic: ['oneOf', 'anyOf', 'allOf'],
}

/** What the reference of Chat Completions states; Responses has no such number. */
const MAX_CHAT_TOOLS = 128

/** What Anthropic takes as the name of a parameter. */
const ANTHROPIC_PARAMETER = /^[a-zA-Z0-9_.-]{1,64}$/

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTool = (value: unknown): value is Tool => {
  const { name, description, parameters } = (value ?? {}) as Partial<Record<keyof Tool, unknown>>
  return typeof name === 'string' && typeof description === 'string' && isObject(parameters)
}

function hitsInvalid(path: string, problem: string) {
  return funesError('INPUT.INVALID', `${path}: ${problem}.`, {
    fix: 'Give what `tools.select` answered, or the `items` of `tools.list`.',
    meta: { path },
  })
}

/** @throws `INPUT.INVALID` for what is neither hits nor tools */
function toolsOf(hits: Formattable): Tool[] {
  if (!Array.isArray(hits)) throw hitsInvalid('hits', 'must be an array of hits or tools')
  return Array.from(hits as Formattable, (item: ToolHit | Tool, i) => {
    const tool = isObject(item) && 'tool' in item ? item.tool : item
    if (!isTool(tool)) throw hitsInvalid(`hits[${i}]`, 'must be a hit, or a tool')
    return tool
  })
}

/** The draft's `true` and `false` as objects, as providers and the Model Context Protocol want each parameter. */
const asObject = (schema: unknown): object =>
  schema === true ? {} : schema === false ? { not: {} } : (schema as object)

/** A copy: what a caller does to it must not come back with the next hit. */
function objectSchema(parameters: JsonSchema): ObjectSchema {
  const schema = { ...structuredClone(parameters), type: 'object' as const }
  const { properties } = parameters
  if (!isObject(properties)) return schema
  const named = Object.entries(structuredClone(properties)).map(
    ([name, one]) => [name, asObject(one)] as const,
  )
  return { ...schema, properties: Object.fromEntries(named) }
}

/** OpenAI refuses an object schema that names no properties at all. */
function withProperties(parameters: JsonSchema): ObjectSchema {
  const schema = objectSchema(parameters)
  return { ...schema, properties: schema.properties ?? {} }
}

function problemsAtTop(parameters: JsonSchema, provider: Provider): FormatProblem[] {
  return NOT_AT_TOP[provider]
    .filter((keyword) => Object.hasOwn(parameters, keyword))
    .map((keyword) => ({ path: `/${keyword}`, keyword, message: 'must not stand at the top' }))
}

function problemsOfNames({ properties }: JsonSchema): FormatProblem[] {
  return Object.keys(isObject(properties) ? properties : {})
    .filter((name) => !ANTHROPIC_PARAMETER.test(name))
    .map((name) => ({
      path: `/properties${pointerStep(name)}`,
      keyword: 'properties',
      message: 'must be named in 1 to 64 letters, digits, _, . and -',
    }))
}

function descriptionOf({ description }: Tool, max = Number.POSITIVE_INFINITY): string {
  if (description.length <= max) return description
  // Neither within a character nor, unless its words are very long, within a word.
  const room = description.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')
  const end = room.lastIndexOf(' ')
  return `${(end > max / 2 ? room.slice(0, end) : room).trimEnd()}…`
}

function refusal(provider: Provider, unsupported: readonly UnsupportedTool[], of: number) {
  const named = unsupported.slice(0, 100).map(({ tool, problems: [{ path, keyword, message }] }) => {
    return { tool: tool.name, path, keyword, message }
  })
  const said = named.slice(0, 5).map(({ tool, path, message }) => {
    return `${JSON.stringify(tool)}: ${path === '' ? '' : `${path} `}${message}`
  })
  const more = unsupported.length > said.length ? '; and so on' : ''
  const { tool, path, keyword } = named[0] ?? { tool: '', path: '', keyword: '' }
  return funesError(
    'TOOL.FORMAT_UNSUPPORTED',
    `${provider} does not take ${unsupported.length} of ${of} tools: ${said.join('; ')}${more}.`,
    {
      fix: 'Pass `onUnsupported`, which is told of such tools and leaves them out, or register them otherwise; `meta.tools` names them.',
      meta: { provider, tool, path, keyword, tools: named },
    },
  )
}

/** A tool in the form of a provider, or why there is none. */
type Fit<Made> = { readonly made: Made } | { readonly problems: readonly FormatProblem[] }

/** @throws `TOOL.FORMAT_UNSUPPORTED` */
function fitting<Made>(
  hits: Formattable,
  provider: Provider,
  options: { onUnsupported?: FormatOptions['onUnsupported'] | undefined; maxTools?: number | undefined },
  fit: (tool: Tool) => Fit<Made>,
): Made[] {
  const { maxTools = Number.POSITIVE_INFINITY } = options
  const made: Made[] = []
  const unsupported: UnsupportedTool[] = []
  for (const tool of toolsOf(hits)) {
    const result = fit(tool)
    if ('made' in result && made.length < maxTools) {
      made.push(result.made)
      continue
    }
    const tooMany = { path: '', keyword: 'maxItems', message: `is one more than ${maxTools} tools` }
    const [first = tooMany, ...rest] = 'made' in result ? [] : result.problems
    unsupported.push({ tool, provider, problems: [first, ...rest] })
  }
  const { onUnsupported } = options
  if (onUnsupported === undefined && unsupported.length > 0) throw refusal(provider, unsupported, hits.length)
  for (const one of unsupported) onUnsupported?.(one)
  return made
}

interface OpenAIFunction {
  name: string
  description: string
  parameters: ObjectSchema
  strict: boolean
}

/** @throws `TOOL.FORMAT_UNSUPPORTED`, `INPUT.INVALID` */
export function asOpenAI(
  hits: Formattable,
  options?: OpenAIFormatOptions & { api?: 'chat' },
): OpenAIChatTool[]
export function asOpenAI(
  hits: Formattable,
  options: OpenAIFormatOptions & { api: 'responses' },
): OpenAIResponsesTool[]
export function asOpenAI(
  hits: Formattable,
  options: OpenAIFormatOptions = {},
): OpenAIChatTool[] | OpenAIResponsesTool[] {
  const { api = 'chat', strict = false, maxDescription, ...rest } = checked(openAISchema, options)
  const maxTools = rest.maxTools ?? (api === 'chat' ? MAX_CHAT_TOOLS : undefined)
  const functions = fitting(hits, 'OpenAI', { ...rest, maxTools }, (tool): Fit<OpenAIFunction> => {
    const { name, parameters } = tool
    const about = { name, description: descriptionOf(tool, maxDescription) }
    const held = strict === false ? null : strictSchema(parameters)
    if (held?.problems.length === 0) return { made: { ...about, parameters: held.schema, strict: true } }
    const problems = strict === true && held !== null ? held.problems : problemsAtTop(parameters, 'OpenAI')
    if (problems.length > 0) return { problems }
    return { made: { ...about, parameters: withProperties(parameters), strict: false } }
  })
  if (api === 'responses') return functions.map((one) => ({ type: 'function' as const, ...one }))
  return functions.map(({ strict: isStrict, ...one }) => ({
    type: 'function' as const,
    function: { ...one, ...(strict !== false && { strict: isStrict }) },
  }))
}

/** @throws `TOOL.FORMAT_UNSUPPORTED`, `INPUT.INVALID` */
export function asAnthropic(hits: Formattable, options: FormatOptions = {}): AnthropicTool[] {
  const { maxDescription, ...rest } = checked(optionsSchema, options)
  return fitting(hits, 'Anthropic', rest, (tool): Fit<AnthropicTool> => {
    const { name, parameters } = tool
    const problems = [...problemsAtTop(parameters, 'Anthropic'), ...problemsOfNames(parameters)]
    if (problems.length > 0) return { problems }
    const description = descriptionOf(tool, maxDescription)
    return { made: { name, description, input_schema: withProperties(parameters) } }
  })
}

/** @throws `INPUT.INVALID` */
export function asMCP(hits: Formattable): MCPTool[] {
  return toolsOf(hits).map(({ name, description, parameters }) => ({
    name,
    description,
    inputSchema: objectSchema(parameters),
  }))
}
