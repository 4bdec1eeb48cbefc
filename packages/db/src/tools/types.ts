import type { CallOptions } from '../call-options.js'
import type { VectorInput } from '../vector.js'

/** A JSON Schema of draft 2020-12, as JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What describes the arguments of a call: a JSON Schema, or a zod 4 schema, which is converted to one. */
export type ToolParameters = JsonSchema | { readonly _zod: unknown }

/** Something an agent may call. */
export interface Tool {
  readonly name: string
  readonly description: string
  /** `type` is `object` at the top. Keys may stand in another order than they were given in: it is kept as jsonb. */
  readonly parameters: JsonSchema
  readonly tags: readonly string[]
  readonly enabled: boolean
  /** Counted from 1; a changed description or schema makes the next one. */
  readonly version: number
  /** The text search configuration that reads its words. */
  readonly language: string
  readonly createdAt: Date
  /** When this version, the tags or the switch were last changed. */
  readonly updatedAt: Date
  /** Null unless the tool was removed. */
  readonly removedAt: Date | null
}

/** What a tool was while it had this version. */
export interface ToolVersion {
  readonly version: number
  readonly description: string
  readonly parameters: JsonSchema
  /** SHA-256 of description and parameters, in hexadecimal. */
  readonly contentHash: string
  readonly createdAt: Date
}

/** A tool to register. What is left out but the parameters stays as it is when the tool is registered already. */
export interface RegisterTool {
  /** 1 to 64 letters, digits, `_` and `-`: what every provider takes. */
  name: string
  /** What the tool does and when to use it: 1 to 20,000 characters. The vector is that of `name: description`. */
  description: string
  /** No parameters unless given. `type` must be `object` at the top, `$schema` draft 2020-12 or draft-07; 128 KiB and 64 levels at most. */
  parameters?: ToolParameters
  /**
   * The vector of `name: description` under the model in use. Left out, the embedder makes it, unless there is one of this
   * text already. `null` makes none: a new tool, or one with a new text, is found by words alone until it is given one, by
   * registering it again or by re-embedding; one that has a vector of this text keeps it.
   */
  embedding?: VectorInput | null
  /** Up to 100 tags of 1 to 100 characters. */
  tags?: readonly string[]
  /** A new tool is enabled unless given. */
  enabled?: boolean
  /** The text search configuration that reads its words; `english` for a new one unless given. */
  language?: string
}

export interface RegisterOneTool extends RegisterTool, CallOptions {}

export interface RegisterManyOptions extends CallOptions {
  /** Tools a statement, 1 to 1,000; 500 unless given. Each batch is registered whole or not at all. */
  batchSize?: number
}

/** What became of a tool that was registered. */
export interface RegisteredTool extends Tool {
  /**
   * - `created`: it was not there.
   * - `versioned`: its description or parameters are new, and so is its version.
   * - `changed`: its tags, its language or its switch, or it had been removed.
   * - `unchanged`: it was there as it is.
   */
  readonly outcome: 'created' | 'versioned' | 'changed' | 'unchanged'
}

/** Which tools; what is left out does not narrow. */
export interface ToolFilter {
  names?: readonly string[]
  /** All of these must be on it. */
  tags?: readonly string[]
  /** At least one of these. */
  anyTag?: readonly string[]
  /** None of these. */
  noTag?: readonly string[]
  /** `'any'`: both. */
  enabled?: boolean | 'any'
}

export interface ToolKey extends CallOptions {
  name: string
}

export interface GetTool extends ToolKey {
  /** The tool as it was with this version; the present one unless given. */
  version?: number
  /** Finds a removed tool too. */
  includeRemoved?: boolean
}

export interface RemoveTool extends ToolKey {
  /** Removes the tool, its versions and its usage for good; else all of it stays, and registering it brings it back. */
  purgeUsage?: boolean
}

export interface ListTools extends CallOptions {
  /** Enabled or not unless it says so. */
  filter?: ToolFilter
  includeRemoved?: boolean
  /** Tools a page, 1 to 1,000; 100 unless given. */
  limit?: number
  /** `nextCursor` of the page before. */
  cursor?: string | null
}

/** One page of a list, by name. */
export interface ToolPage {
  readonly items: readonly Tool[]
  /** Gives the next page; `null` on the last. */
  readonly nextCursor: string | null
}

export interface ValidateOptions extends CallOptions {
  /** Checks against the schema of this version; the present one unless given. */
  version?: number
}

/** One thing that is wrong with a call's arguments. */
export interface CallProblem {
  /** A JSON pointer (RFC 6901) into the arguments; empty for the arguments as a whole. */
  readonly path: string
  /** As `must be string`; repeats no value of the arguments. */
  readonly message: string
  /** The keyword of the schema that it fails, or `timeout`, `depth` and `unreadable` for arguments that could not be checked. */
  readonly keyword: string
}

/** Whether a call's arguments are what the tool's schema asks for, and all that is wrong, 100 problems at most. */
export type CallCheck =
  | { readonly valid: true; readonly problems: readonly [] }
  | { readonly valid: false; readonly problems: readonly CallProblem[] }
