import type { RegisterTool } from '@funes/db'
import { readText } from '../command/value.js'
import { cliError } from '../fault.js'

interface Written extends Record<string, unknown> {
  readonly inputSchema?: unknown
  readonly annotations?: unknown
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''

/**
 * What a tool of the Model Context Protocol is for: it need not have a description, and then its title says it, here or in the
 * annotations of older servers, or else its name in words.
 */
function describe({ name, description, title, annotations }: Written): unknown {
  if (description !== undefined && typeof description !== 'string') return description
  const inWords = isText(name) ? name.replace(/[_-]+/g, ' ').trim() || name : undefined
  return [description, title, isObject(annotations) && annotations.title, inWords].find(isText)
}

/** What the Model Context Protocol calls inputSchema are the parameters; its further fields are not kept. */
function toolOf(written: Written, withoutVector: boolean): RegisterTool {
  const { inputSchema, ...rest } = written
  const { name } = rest
  const tool =
    inputSchema === undefined ? rest : { name, description: describe(written), parameters: inputSchema }
  return {
    ...tool,
    ...(withoutVector && rest.embedding === undefined && { embedding: null }),
  } as unknown as RegisterTool
}

/**
 * The tools in a JSON file: one, a list, or `{ "tools": [...] }` as an MCP server lists them. What is wrong with a tool,
 * `tools.register` says.
 *
 * @throws `CLI.FILE_NOT_FOUND`, `CLI.FILE_INVALID`
 */
export function readTools(path: string, withoutVector: boolean): RegisterTool[] {
  const text = readText(path)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const inner = isObject(value) && Array.isArray(value.tools) ? value.tools : value
  const list: unknown[] = Array.isArray(inner) ? inner : [inner]
  if (list.length > 0 && list.every(isObject)) return list.map((tool) => toolOf(tool, withoutVector))
  throw cliError(
    'CLI.FILE_INVALID',
    `The file ${path} holds no tools.`,
    'It must be JSON: { "name", "description", "parameters" }, a list of them, or { "tools": [...] }.',
  )
}
