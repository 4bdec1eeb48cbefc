import { fileURLToPath } from 'node:url'
import { readJsonLines } from '@funes/corpus/files'
import type { RegisterTool } from '@funes/db'
import { datasetError } from '../retrieval/dataset-error.js'

const fileOf = (name: string) => fileURLToPath(new URL(`../../data/${name}`, import.meta.url))

const CATALOGUE = fileOf('tool-catalogue.jsonl')
const REQUESTS = fileOf('tool-requests.jsonl')

/** What somebody wants done, and the tools that do it: any of them will do. */
export interface ToolRequest {
  readonly text: string
  readonly tools: readonly string[]
}

/** Tools of published servers, and requests whose tools are known. */
export interface ToolSet {
  readonly tools: readonly RegisterTool[]
  readonly requests: readonly ToolRequest[]
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''

async function readCatalogue(): Promise<RegisterTool[]> {
  const tools: RegisterTool[] = []
  for await (const { line, fields } of readJsonLines(CATALOGUE)) {
    const { server, name, description, inputSchema } = fields
    if (!isText(server) || !isText(name) || !isText(description)) {
      throw datasetError('DATASET.LINE_INVALID', { path: CATALOGUE, line }, 'is no tool of a server')
    }
    // As hosts of several servers name them.
    const tool = { name: `${server}__${name}`, description, tags: [server] }
    tools.push(inputSchema === undefined ? tool : { ...tool, parameters: inputSchema as object as never })
  }
  return tools
}

/**
 * Reads the catalogue and the requests that come with the bench.
 *
 * @throws `FILE.INVALID` and `DATASET.*`, naming file and line
 */
export async function readToolSet(): Promise<ToolSet> {
  const tools = await readCatalogue()
  const known = new Set(tools.map(({ name }) => name))
  const requests: ToolRequest[] = []
  for await (const { line, fields } of readJsonLines(REQUESTS)) {
    const { text, tools: wanted } = fields
    if (!isText(text) || !Array.isArray(wanted) || wanted.length === 0 || !wanted.every(isText)) {
      throw datasetError('DATASET.LINE_INVALID', { path: REQUESTS, line }, 'is no request with its tools')
    }
    const unknown = wanted.find((name) => !known.has(name))
    if (unknown !== undefined) {
      const problem = `the catalogue has no tool ${unknown}`
      throw datasetError('DATASET.UNKNOWN_EVIDENCE', { path: REQUESTS, line }, problem)
    }
    requests.push({ text, tools: wanted })
  }
  return { tools, requests }
}
