import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readTools } from '../src/commands/read-tools.js'

const folder = mkdtempSync(join(tmpdir(), 'funes-tools-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(content: unknown, withoutVector = false) {
  const path = join(folder, 'tools.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return readTools(path, withoutVector)
}

describe('a file of tools', () => {
  const inputSchema = { type: 'object' }

  it('may be what an MCP server lists, where a tool need not have a description', () => {
    const tools = [
      { name: 'a', description: 'Does a.', title: 'A', inputSchema, outputSchema: {} },
      { name: 'b', title: 'Do b', annotations: { title: 'old' }, inputSchema },
      { name: 'c', description: ' ', annotations: { title: 'Do c', readOnlyHint: true }, inputSchema },
      { name: 'list_pull-requests', inputSchema },
    ]
    expect(read({ tools, nextCursor: 'x' })).toEqual([
      { name: 'a', description: 'Does a.', parameters: inputSchema },
      { name: 'b', description: 'Do b', parameters: inputSchema },
      { name: 'c', description: 'Do c', parameters: inputSchema },
      { name: 'list_pull-requests', description: 'list pull requests', parameters: inputSchema },
    ])
  })

  it('leaves to the registry to refuse what is no description', () => {
    expect(read([{ name: 'a', description: 7, inputSchema }])).toMatchObject([{ description: 7 }])
    expect(read({ name: 'a' })).toEqual([{ name: 'a' }])
  })

  it('has vectors made or not', () => {
    const [first, second] = read([{ name: 'a' }, { name: 'b', embedding: [1] }], true)
    expect([first, second]).toEqual([
      { name: 'a', embedding: null },
      { name: 'b', embedding: [1] },
    ])
  })

  it('must hold tools', () => {
    for (const content of ['', '{', [], [1], { tools: [] }, 'null']) {
      expect(() => read(content)).toThrow(expect.objectContaining({ code: 'CLI.FILE_INVALID' }))
    }
  })
})
