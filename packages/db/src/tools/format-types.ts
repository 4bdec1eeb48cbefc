import type { ToolHit } from './select-types.js'
import type { Tool } from './types.js'

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
  function: {
    name: string
    description: string
    parameters: ObjectSchema
    /** There when `strict` was asked for, in whatever way. */
    strict?: boolean
  }
}

/** A tool in the `tools` of OpenAI's Responses. */
export interface OpenAIResponsesTool {
  type: 'function'
  name: string
  description: string
  parameters: ObjectSchema
  strict: boolean
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

/** One thing for which a provider does not take a tool. */
export interface FormatProblem {
  /** A JSON pointer (RFC 6901) into the tool's parameters; empty for the tool as a whole. */
  readonly path: string
  /** The keyword that stands in the way, or is missing; `maxItems` for one tool too many. */
  readonly keyword: string
  /** As `must be false`. */
  readonly message: string
}

/** A tool that a provider does not take, and all that is in the way. */
export interface UnsupportedTool {
  readonly tool: Tool
  readonly provider: 'OpenAI' | 'Anthropic'
  readonly problems: readonly [FormatProblem, ...FormatProblem[]]
}

export interface FormatOptions {
  /**
   * Is told of each tool that the provider does not take, which is then left out. Unless given, the call fails and names them
   * all: of such a list the provider would take no tool.
   */
  onUnsupported?: (unsupported: UnsupportedTool) => void
  /**
   * Cuts descriptions to so many characters, 1 to 20,000, between words. Both providers take all that can be registered; older
   * deployments of OpenAI's models, as Azure's, take 1,024.
   */
  maxDescription?: number
}

export interface OpenAIFormatOptions extends FormatOptions {
  /** Chat Completions unless given. */
  api?: 'chat' | 'responses'
  /**
   * Whether OpenAI is to hold the model to the schema (Structured Outputs), which it can for a part of JSON Schema only.
   * `true`: a tool whose schema is no such is not supported. `'prefer'`: such a tool comes with `strict: false`. Objects are
   * closed and what may be null is required; nothing is taken that the tool's own schema refuses. Off unless given.
   */
  strict?: boolean | 'prefer'
  /** Tools beyond so many are not supported, 1 to 10,000. For Chat Completions 128 unless given, which is OpenAI's limit. */
  maxTools?: number
}
