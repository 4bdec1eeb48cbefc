import type Anthropic from '@anthropic-ai/sdk'
import { ToolSchema } from '@modelcontextprotocol/sdk/types.js'
import type OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { Tool, ToolHit } from '../src/index.js'
import { asAnthropic, asMCP, asOpenAI } from '../src/tools/formats.js'

const tool = (name: string, parameters: Record<string, unknown>): Tool => ({
  name,
  description: `Does ${name}.`,
  parameters,
  tags: ['x'],
  enabled: true,
  version: 3,
  language: 'english',
  createdAt: new Date(0),
  updatedAt: new Date(0),
  removedAt: null,
})

const parameters = {
  type: 'object',
  properties: { to: { type: 'string', anyOf: [{ minLength: 1 }] } },
  required: ['to'],
}
const hits: ToolHit[] = [{ tool: tool('send_mail', parameters), distance: 0.1, score: 0.9 }]

// What is assigned here is held to the providers' own types when the package is type-checked.
const chat: OpenAI.Chat.Completions.ChatCompletionFunctionTool[] = asOpenAI(hits)
const responses: OpenAI.Responses.FunctionTool[] = asOpenAI(hits, { api: 'responses' })
const messages: Anthropic.Tool[] = asAnthropic(hits)
const asParameters: OpenAI.Chat.Completions.ChatCompletionCreateParams['tools'] = asOpenAI(hits)
const asUnion: Anthropic.MessageCreateParams['tools'] = asAnthropic(hits)

describe('formats of tools', () => {
  it('are those of OpenAI, for both of its ways to ask', () => {
    const description = 'Does send_mail.'
    expect(chat).toEqual([{ type: 'function', function: { name: 'send_mail', description, parameters } }])
    expect(responses).toEqual([
      { type: 'function', name: 'send_mail', description, parameters, strict: false },
    ])
    expect(asParameters).toEqual(chat)
  })

  it('are those of Anthropic', () => {
    expect(messages).toEqual([
      { name: 'send_mail', description: 'Does send_mail.', input_schema: parameters },
    ])
    expect(asUnion).toEqual(messages)
  })

  it('are those of the Model Context Protocol, by its own schema', () => {
    for (const made of asMCP([...hits, tool('plain', { type: 'object' })])) {
      expect(ToolSchema.parse(made)).toEqual(made)
    }
  })

  it('takes tools as they were listed, names properties where there are none, and gives copies', () => {
    const listed = tool('ping', { type: 'object' })
    expect(asOpenAI([listed])[0]?.function.parameters).toEqual({ type: 'object', properties: {} })
    const [made] = asAnthropic(hits)
    Object.assign(made?.input_schema.properties as object, { more: {} })
    expect(hits[0]?.tool.parameters).toEqual(parameters)
  })

  it('refuses what a provider would refuse, and names the tool', () => {
    const either = tool('either', { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] })
    for (const format of [asOpenAI, asAnthropic]) {
      expect(() => format([either])).toThrow(
        expect.objectContaining({
          code: 'TOOL.FORMAT_UNSUPPORTED',
          meta: expect.objectContaining({ tool: 'either', keyword: 'oneOf' }),
        }),
      )
    }
    expect(asMCP([either])[0]?.inputSchema).toMatchObject({ oneOf: [{}, {}] })
  })
})
