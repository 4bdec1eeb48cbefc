import { funesError } from '../errors/funes-error.js'
import type { ToolHit } from './select-types.js'
import type { JsonSchema, Tool } from './types.js'

/** A schema with `type: object` at the top, in a form that the providers' own types take. */
export interface ObjectSchema {
  [keyword: string]: unknown
  type: 'object'
  properties?: { [name: string]: object }
  required?: string[]
}

/** A tool in the `tools` of OpenAI's Chat Completions. */
export interface OpenAIChatTool {
  type: 'function'
  function: { name: string; description: string; parameters: ObjectSchema }
}

/** A tool in the `tools` of OpenAI's Responses. */
export interface OpenAIResponsesTool {
  type: 'function'
  name: string
  description: string
  parameters: ObjectSchema
  /** `strict: true` takes schemas of a narrower kind only. */
  strict: false
}

/** A tool in the `tools` of Anthropic's Messages. */
export interface AnthropicTool {
  name: string
  description: string
  input_schema: ObjectSchema
}

/** A tool in the answer to `tools/list` of the Model Context Protocol. */
export interface MCPTool {
  name: string
  description: string
  inputSchema: ObjectSchema
}

/** Hits as they were selected, or tools as they were listed. */
export type Formattable = readonly (ToolHit | Tool)[]

const toolOf = (item: ToolHit | Tool): Tool => ('tool' in item ? item.tool : item)

/** What neither OpenAI nor Anthropic takes at the top of a schema; further down it may stand. */
const NOT_AT_TOP = ['oneOf', 'anyOf', 'allOf', 'not', 'enum'] as const

/** A copy: what a caller does to it must not come back with the next hit. */
function objectSchema(parameters: JsonSchema): ObjectSchema {
  return { ...structuredClone(parameters), type: 'object' }
}

function plainObjectSchema({ name, parameters }: Tool, provider: string): ObjectSchema {
  const keyword = NOT_AT_TOP.find((key) => Object.hasOwn(parameters, key))
  if (keyword === undefined) {
    const schema = objectSchema(parameters)
    // OpenAI refuses an object schema that names no properties at all.
    return { ...schema, properties: schema.properties ?? {} }
  }
  throw funesError(
    'TOOL.FORMAT_UNSUPPORTED',
    `${provider} takes no ${keyword} at the top of a tool's schema, and ${JSON.stringify(name)} has one.`,
    {
      fix: `Register the tool with its alternatives inside of a property, or leave it out with a tag and \`noTag\`.`,
      meta: { tool: name, provider, keyword },
    },
  )
}

/** @throws `TOOL.FORMAT_UNSUPPORTED` */
export function asOpenAI(hits: Formattable, options?: { api?: 'chat' }): OpenAIChatTool[]
export function asOpenAI(hits: Formattable, options: { api: 'responses' }): OpenAIResponsesTool[]
export function asOpenAI(
  hits: Formattable,
  { api = 'chat' }: { api?: 'chat' | 'responses' } = {},
): OpenAIChatTool[] | OpenAIResponsesTool[] {
  const functions = hits.map(toolOf).map((tool) => ({
    name: tool.name,
    description: tool.description,
    parameters: plainObjectSchema(tool, 'OpenAI'),
  }))
  return api === 'chat'
    ? functions.map((one) => ({ type: 'function' as const, function: one }))
    : functions.map((one) => ({ type: 'function' as const, ...one, strict: false as const }))
}

/** @throws `TOOL.FORMAT_UNSUPPORTED` */
export function asAnthropic(hits: Formattable): AnthropicTool[] {
  return hits.map(toolOf).map((tool) => ({
    name: tool.name,
    description: tool.description,
    input_schema: plainObjectSchema(tool, 'Anthropic'),
  }))
}

export function asMCP(hits: Formattable): MCPTool[] {
  return hits.map(toolOf).map(({ name, description, parameters }) => ({
    name,
    description,
    inputSchema: objectSchema(parameters),
  }))
}
