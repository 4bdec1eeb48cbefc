import type Anthropic from '@anthropic-ai/sdk'
import { ToolSchema } from '@modelcontextprotocol/sdk/types.js'
import type OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { Tool, ToolHit, UnsupportedTool } from '../src/index.js'
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
const strictChat: OpenAI.Chat.Completions.ChatCompletionFunctionTool[] = asOpenAI(hits, { strict: 'prefer' })
const strictResponses: OpenAI.Responses.FunctionTool[] = asOpenAI(hits, {
  api: 'responses',
  strict: 'prefer',
})
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

  const either = tool('either', { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] })
  const odd = tool('odd', { type: 'object', properties: { 'filter[x]': { type: 'string' } } })
  const exact = tool('exact', { type: 'object', properties: { a: { type: 'null' } }, required: ['a'] })

  it('refuses what a provider would refuse, and names each tool', () => {
    const refused = (work: () => unknown) =>
      expect(work).toThrow(
        expect.objectContaining({
          code: 'TOOL.FORMAT_UNSUPPORTED',
          meta: expect.objectContaining({ tool: 'either', keyword: 'oneOf', path: '/oneOf' }),
          fix: expect.stringContaining('onUnsupported'),
        }),
      )
    refused(() => asOpenAI([...hits, either]))
    refused(() => asAnthropic([...hits, either]))
    expect(() => asAnthropic([odd, ...hits, either])).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/Anthropic does not take 2 of 3 tools: "odd": .*; "either": \/oneOf/),
        meta: expect.objectContaining({
          tools: [
            expect.objectContaining({ tool: 'odd', path: '/properties/filter[x]', keyword: 'properties' }),
            expect.objectContaining({ tool: 'either', path: '/oneOf' }),
          ],
        }),
      }),
    )
    expect(asOpenAI([odd])).toHaveLength(1)
    expect(asMCP([either])[0]?.inputSchema).toMatchObject({ oneOf: [{}, {}] })
  })

  it('leaves out what a provider does not take, and tells of it, where asked to', () => {
    const told: UnsupportedTool[] = []
    const onUnsupported = (one: UnsupportedTool) => told.push(one)
    const all = [either, ...hits, odd]
    expect(asOpenAI(all, { onUnsupported }).map((one) => one.function.name)).toEqual(['send_mail', 'odd'])
    expect(told.map(({ tool: { name }, provider }) => `${provider} ${name}`)).toEqual(['OpenAI either'])
    expect(asAnthropic(all, { onUnsupported }).map(({ name }) => name)).toEqual(['send_mail'])
    expect(told.slice(1).map(({ tool: { name } }) => name)).toEqual(['either', 'odd'])
    expect(told[1]?.problems).toEqual([
      { path: '/oneOf', keyword: 'oneOf', message: 'must not stand at the top' },
    ])
  })

  it('asks OpenAI to hold the model to the schema, where it can', () => {
    const strict = { type: 'object', properties: { a: { type: 'null' } }, required: ['a'] }
    const parametersOfStrict = { ...strict, additionalProperties: false }
    const about = { name: 'exact', description: 'Does exact.', parameters: parametersOfStrict, strict: true }
    expect(asOpenAI([exact], { strict: true })).toEqual([{ type: 'function', function: about }])
    expect(asOpenAI([exact], { strict: true, api: 'responses' })).toEqual([{ type: 'function', ...about }])
    expect(() => asOpenAI([exact, ...hits], { strict: true })).toThrow(
      expect.objectContaining({
        code: 'TOOL.FORMAT_UNSUPPORTED',
        meta: expect.objectContaining({ tool: 'send_mail', path: '/properties/to/type' }),
      }),
    )
    expect(strictChat[0]?.function).toEqual({ ...chat[0]?.function, strict: false })
    expect(strictResponses).toEqual(responses)
    const preferred = asOpenAI([exact, ...hits], { strict: 'prefer' })
    expect(preferred.map((one) => one.function.strict)).toEqual([true, false])
    expect(() => asOpenAI([either], { strict: 'prefer' })).toThrow(
      expect.objectContaining({ meta: expect.objectContaining({ keyword: 'oneOf' }) }),
    )
    expect(exact.parameters).toEqual(strict)
  })

  it('gives Chat Completions no more than the 128 tools that it takes', () => {
    const many = Array.from({ length: 131 }, (_, i) => (i === 3 ? either : tool(`t${i}`, parameters)))
    const told: string[] = []
    const onUnsupported = ({ tool: { name }, problems }: UnsupportedTool) =>
      told.push(`${name} ${problems[0].keyword}`)
    expect(asOpenAI(many, { onUnsupported }).at(-1)?.function.name).toBe('t128')
    expect(told).toEqual(['either oneOf', 't129 maxItems', 't130 maxItems'])
    expect(() => asOpenAI(many.slice(4, 133).concat(many.slice(0, 3)))).toThrow('128 tools')
    expect(asOpenAI(many.slice(4).concat(exact, exact), { maxTools: 200 })).toHaveLength(129)
    expect(asOpenAI(many.slice(4).concat(exact, exact), { api: 'responses' })).toHaveLength(129)
  })

  it('cuts descriptions between words, where asked to', () => {
    const wordy = { ...exact, description: `${'word '.repeat(250)}end` }
    const [cut] = asOpenAI([wordy], { maxDescription: 1024 })
    expect(cut?.function.description).toMatch(/^(word ){200,}word…$/)
    expect(cut?.function.description.length).toBeLessThanOrEqual(1024)
    expect(asAnthropic([wordy])[0]?.description).toBe(wordy.description)
    const faces = { ...exact, description: '😀'.repeat(20) }
    expect(asAnthropic([faces], { maxDescription: 10 })[0]?.description).toBe(`${'😀'.repeat(4)}…`)
  })

  it('gives each parameter as an object, as the schemas of all three have it', () => {
    const loose = tool('loose', { type: 'object', properties: { any: true, none: false } })
    const properties = { any: {}, none: { not: {} } }
    for (const made of asMCP([loose])) expect(ToolSchema.parse(made)).toEqual(made)
    expect(asMCP([loose])[0]?.inputSchema.properties).toEqual(properties)
    expect(asOpenAI([loose])[0]?.function.parameters.properties).toEqual(properties)
    expect(asAnthropic([loose])[0]?.input_schema.properties).toEqual(properties)
  })

  it('refuses options that there are not', () => {
    const invalid = expect.objectContaining({ code: 'INPUT.INVALID' })
    expect(() => asOpenAI(hits, { api: 'completions' } as never)).toThrow(invalid)
    expect(() => asOpenAI(hits, { strict: 'yes' } as never)).toThrow(invalid)
    expect(() => asAnthropic(hits, { onUnsupported: 1 } as never)).toThrow(invalid)
    expect(() => asAnthropic(hits, { strict: true } as never)).toThrow(invalid)
  })

  it('refuses what is neither hits nor tools, and says where', () => {
    const { name, parameters: _, ...rest } = tool('half', parameters)
    for (const format of [asOpenAI, asAnthropic, asMCP]) {
      for (const given of [null, undefined, {}, 'hits', hits[0]]) {
        const refusal = expect.objectContaining({ code: 'INPUT.INVALID', meta: { path: 'hits' } })
        expect(() => format(given as never)).toThrow(refusal)
      }
      for (const item of [{}, null, 'x', { tool: null }, { tool: {} }, { name, ...rest }]) {
        const refusal = expect.objectContaining({ code: 'INPUT.INVALID', meta: { path: 'hits[1]' } })
        expect(() => format([...hits, item] as never)).toThrow(refusal)
      }
    }
  })
})
