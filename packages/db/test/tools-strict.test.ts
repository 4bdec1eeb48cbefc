import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { toStrictJsonSchema } from 'openai/lib/transform'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readParameters } from '../src/tools/schema/parameters.js'
import { compileValidator } from '../src/tools/schema/validator.js'
import { strictSchema } from '../src/tools/strict-schema.js'
import type { JsonSchema } from '../src/tools/types.js'

/** What OpenAI's own package makes of a schema for its strict mode; it throws where there is no such form. */
const byOpenAI = (schema: unknown) => toStrictJsonSchema(schema as Parameters<typeof toStrictJsonSchema>[0])

const having = (properties: Record<string, unknown>, more: object = {}): JsonSchema => ({
  ...{ type: 'object', properties, required: Object.keys(properties) },
  ...more,
})
const problemsOf = (schema: JsonSchema) =>
  strictSchema(schema).problems.map(({ keyword, path }) => `${keyword} ${path}`)

/** A schema, and a value that it may be asked about. */
interface Shape {
  readonly schema: Record<string, unknown>
  readonly value: unknown
}

const leaf: fc.Arbitrary<Shape> = fc.oneof(
  fc.string().map((value) => ({ schema: { type: 'string', description: 'x', default: '' }, value })),
  fc.integer({ min: -2, max: 12 }).map((value) => ({
    ...{ schema: { type: 'integer', minimum: 0, maximum: 10, 'x-own': 1 }, value },
  })),
  fc.constantFrom(null, 'a').map((value) => ({ schema: { type: ['string', 'null'], default: null }, value })),
  fc.constantFrom('x', 'y', 'z').map((value) => ({ schema: { enum: ['x', 'y'] }, value })),
  fc.constantFrom(null, 3, 'a').map((value) => ({
    ...{ schema: { anyOf: [{ type: 'number' }, { type: 'null' }], title: 'T' }, value },
  })),
  fc
    .constantFrom('a', '')
    .map((value) => ({ schema: { type: 'string', format: 'uri', minLength: 0 }, value })),
)

const mostly = fc.constantFrom(true, true, true, true, true, false)

const objectOf = (inner: fc.Arbitrary<Shape>): fc.Arbitrary<Shape> =>
  fc
    .record({
      named: fc.dictionary(
        fc.constantFrom('a', 'b', 'c/d'),
        fc.record({ shape: inner, isRequired: mostly, isGiven: mostly }),
      ),
      additional: fc.constantFrom<(object | boolean | undefined)[]>(undefined, undefined, false, true),
      hasMore: fc.constantFrom(false, false, false, true),
    })
    .map(({ named, additional, hasMore }) => {
      const all = Object.entries(named)
      const properties = Object.fromEntries(all.map(([name, { shape }]) => [name, shape.schema]))
      const given = all.filter(([, { isGiven }]) => isGiven)
      const value = Object.fromEntries(given.map(([name, { shape }]) => [name, shape.value]))
      const required = all.filter(([, { isRequired }]) => isRequired).map(([name]) => name)
      const schema = { type: 'object', properties, required }
      return {
        schema: additional === undefined ? schema : { ...schema, additionalProperties: additional },
        value: hasMore ? { ...value, more: 1 } : value,
      }
    })

const arrayOf = (inner: fc.Arbitrary<Shape>): fc.Arbitrary<Shape> =>
  inner.map(({ schema, value }) => ({
    schema: { type: 'array', items: schema, maxItems: 3 },
    value: [value],
  }))

describe('a strict schema', () => {
  it("is what OpenAI's own package makes of it, and takes nothing that the schema refuses", async () => {
    const seen = { held: 0, passed: 0, refused: 0 }
    const node = fc.oneof(leaf, objectOf(leaf), arrayOf(leaf))
    await fc.assert(
      fc.asyncProperty(objectOf(node), async ({ schema: given, value }) => {
        const { schema, problems } = strictSchema(given)
        if (problems.length > 0) {
          seen.refused++
          return
        }
        seen.held++
        expect(byOpenAI(schema)).toEqual(schema)
        const [strict, plain] = [await compileValidator(schema), await compileValidator(given)]
        if (!strict(value).valid) return
        seen.passed++
        expect(plain(value).valid).toBe(true)
      }),
      { numRuns: 200 },
    )
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5)
  })

  it('closes objects, requires what may be null, and leaves out what says nothing', () => {
    const given = having(
      {
        a: { type: 'string', default: 'x', format: 'uri', examples: ['y'], minLength: 0 },
        b: { enum: [1, 2] },
      },
      { $defs: { at: having({ x: { type: ['number'] } }) }, title: 'T', 'x-own': 1 },
    )
    const properties = {
      ...(given.properties as object),
      c: { anyOf: [{ $ref: '#/$defs/at' }, { type: 'null' }], description: 'where', default: null },
      d: { type: 'array', items: { $ref: '#', description: 'lost' } },
    }
    const { schema, problems } = strictSchema({ ...given, properties, required: ['a', 'b', 'd'] })
    expect(problems).toEqual([])
    expect(schema).toEqual({
      ...{ type: 'object', title: 'T', additionalProperties: false, required: ['a', 'b', 'c', 'd'] },
      properties: {
        a: { type: 'string' },
        b: { type: 'number', enum: [1, 2] },
        c: { anyOf: [{ $ref: '#/$defs/at' }, { type: 'null' }], description: 'where' },
        d: { type: 'array', items: { $ref: '#' } },
      },
      $defs: {
        at: {
          ...{ type: 'object', additionalProperties: false, required: ['x'] },
          properties: { x: { type: 'number' } },
        },
      },
    })
    expect(byOpenAI(schema)).toEqual(schema)
    expect(strictSchema({ type: 'object' }).schema).toEqual({
      ...{ type: 'object', properties: {}, required: [], additionalProperties: false },
    })
  })

  it('is not had where something would be lost, and each place is named', () => {
    const text = { type: 'string' }
    expect(problemsOf({ type: 'object', properties: { 'a/b': text } })).toEqual(['required /properties/a~1b'])
    expect(problemsOf(having({ a: text }, { required: ['a', 'b'] }))).toEqual(['required /required'])
    expect(problemsOf(having({ a: { type: 'object' } }))).toEqual(['properties /properties/a'])
    expect(problemsOf(having({}, { additionalProperties: text }))).toEqual([
      'additionalProperties /additionalProperties',
    ])
    expect(problemsOf(having({ a: {} }))).toEqual(['type /properties/a'])
    expect(problemsOf(having({ a: true }))).toEqual(['true /properties/a'])
    expect(problemsOf(having({ a: { type: 'array' } }))).toEqual(['items /properties/a'])
    expect(problemsOf(having({ a: { ...text, minLength: 1 } }))).toEqual([
      'minLength /properties/a/minLength',
    ])
    expect(problemsOf(having({ a: { ...text, pattern: '^(?!x)' } }))).toEqual([
      'pattern /properties/a/pattern',
    ])
    expect(problemsOf(having({ a: { ...text, pattern: '^\\(?=' } }))).toEqual([])
    expect(problemsOf(having({ a: { enum: [{}, 'x'] } }))).toContain('enum /properties/a/enum')
    expect(problemsOf(having({ a: text }, { anyOf: [{ required: ['a'] }] }))).toContain('type /type')
    for (const keyword of ['oneOf', 'allOf']) {
      expect(problemsOf(having({ a: text }, { [keyword]: [{}] }))).toEqual([`${keyword} /${keyword}`])
    }
    const $defs = { x: text }
    expect(problemsOf(having({ a: { $ref: '#/$defs/x', maxItems: 1 } }, { $defs }))).toEqual([
      'maxItems /properties/a/maxItems',
    ])
    expect(problemsOf(having({ a: text, b: { $ref: '#/properties/a' } }))).toEqual([
      '$ref /properties/b/$ref',
    ])
  })

  it('keeps to the sizes that are stated', () => {
    const wide = Array.from({ length: 5001 }, (_, i) => [`p${i}`, { type: 'null' }] as const)
    expect(problemsOf(having(Object.fromEntries(wide)))).toEqual(['properties '])
    expect(problemsOf(having(Object.fromEntries(wide.slice(1))))).toEqual([])
    const nested = (levels: number): JsonSchema =>
      levels === 1 ? having({ a: { type: 'null' } }) : having({ a: nested(levels - 1) })
    expect(problemsOf(nested(10))).toEqual([])
    expect(problemsOf(nested(11))).toEqual([`properties ${'/properties/a'.repeat(10)}`])
    const values = (count: number, length: number) =>
      Array.from({ length: count }, (_, i) => `${i}`.padStart(length, 'x'))
    const choice = (count: number, length: number) => having({ a: { enum: values(count, length) } })
    expect(problemsOf(choice(1000, 10))).toEqual([])
    expect(problemsOf(choice(1001, 10))).toEqual(['enum '])
    expect(problemsOf(choice(250, 100))).toEqual([])
    expect(problemsOf(choice(251, 100))).toEqual(['enum /properties/a/enum'])
    expect(problemsOf(having({ ['x'.repeat(120_001)]: { type: 'null' } }))).toEqual(['properties '])
  })

  it('is had of zod schemas, but for lengths', async () => {
    const schema = z.object({
      to: z.string().describe('whom'),
      at: z.int().nullable(),
      how: z.enum(['a', 'b']),
    })
    const { schema: strict, problems } = strictSchema(await readParameters(schema))
    expect(problems).toEqual([])
    expect(byOpenAI(strict)).toEqual(strict)
    expect(problemsOf(await readParameters(z.object({ to: z.email() })))).toEqual([])
    const lengths = await readParameters(z.object({ to: z.string().min(1) }))
    expect(problemsOf(lengths)).toEqual(['minLength /properties/to/minLength'])
  })

  it('is had of some tools of published servers', () => {
    const file = new URL('../../../apps/bench/data/tool-catalogue.jsonl', import.meta.url)
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    let held = 0
    for (const line of lines) {
      const { $schema, $id, ...parameters } = JSON.parse(line).inputSchema ?? { type: 'object' }
      const { schema, problems } = strictSchema(parameters)
      if (problems.length > 0) continue
      held++
      expect(byOpenAI(schema)).toEqual(schema)
    }
    expect(lines.length).toBeGreaterThan(400)
    expect(held).toBeGreaterThan(100)
  })
})
