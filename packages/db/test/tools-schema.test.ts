import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readParameters } from '../src/tools/schema/parameters.js'
import { compileValidator, validatorOf } from '../src/tools/schema/validator.js'
import { nameWords, searchText } from '../src/tools/words.js'

const refused = (given: unknown) =>
  readParameters(given).then(
    () => 'taken',
    (error) => `${error.code} ${error.meta.path}`,
  )

/** A schema of an object with one property. */
const having = (schema: unknown, more: object = {}) => ({
  type: 'object',
  properties: { a: schema },
  ...more,
})

describe('parameters', () => {
  it('are a schema of an object, kept as given but for what it is called', async () => {
    expect(await readParameters(undefined)).toEqual({ type: 'object', properties: {} })
    const schema = having({ type: ['string', 'null'], description: 'x', 'x-own': 1 }, { required: ['a'] })
    expect(await readParameters(schema)).toEqual(schema)
    const draft7 = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'https://e.x/y.json',
      ...schema,
    }
    expect(await readParameters(draft7)).toEqual(schema)
    expect(
      await readParameters(having({ $ref: '#/$defs/x/y~1z' }, { $defs: { x: { 'y/z': {} } } })),
    ).toBeTruthy()
  })

  it('are refused with the place where they are wrong', async () => {
    expect(await refused({})).toBe('TOOL.SCHEMA_INVALID /type')
    expect(await refused({ type: 'array' })).toBe('TOOL.SCHEMA_INVALID /type')
    expect(await refused({ type: ['object'] })).toBe('TOOL.SCHEMA_INVALID /type')
    expect(await refused(having({ type: 'strnig' }))).toBe('TOOL.SCHEMA_INVALID /properties/a/type')
    expect(await refused(having({ minLength: -1 }))).toBe('TOOL.SCHEMA_INVALID /properties/a/minLength')
    expect(await refused(having({ pattern: '(' }))).toBe('TOOL.SCHEMA_INVALID /properties/a/pattern')
    expect(await refused(having({}, { required: 'a' }))).toBe('TOOL.SCHEMA_INVALID /required')
    expect(await refused(having({ items: [{}] }))).toBe('TOOL.SCHEMA_INVALID /properties/a/items')
    expect(await refused(having({ dependencies: {} }))).toMatch('/properties/a/dependencies')
    for (const given of [
      null,
      1,
      'object',
      [],
      () => 1,
      { type: undefined },
      { type: 'object', default: 1n },
    ]) {
      expect(await refused(given)).toMatch(/^(INPUT|TOOL)\./)
    }
  })

  it('are read by the draft that they name, and refused where that is another', async () => {
    const drafts = 'https://json-schema.org/draft'
    expect(await refused({ $schema: `${drafts}/2020-12/schema`, ...having({}) })).toBe('taken')
    for (const $schema of [
      ...[
        'http://json-schema.org/draft-04/schema#',
        `${drafts}/2019-09/schema`,
        'http://json-schema.org/schema#',
      ],
      ...['https://example.com/own', `${drafts}/2020-12/schema/more`, '', 7, null],
    ]) {
      expect(await refused({ $schema, ...having({}) })).toBe('TOOL.SCHEMA_INVALID /$schema')
    }
    // Nothing beside a reference counted in draft-07; in the present one everything does.
    const definitions = { word: { type: 'string' } }
    const beside = having({ $ref: '#/definitions/word', minLength: 3, description: 'x' }, { definitions })
    const old = await readParameters({ $schema: 'http://json-schema.org/draft-07/schema', ...beside })
    expect(old).toEqual(having({ $ref: '#/definitions/word', description: 'x' }, { definitions }))
    expect((await compileValidator(old))({ a: 'ab' }).valid).toBe(true)
    const present = await readParameters(beside)
    expect(present).toEqual(beside)
    expect((await compileValidator(present))({ a: 'ab' }).valid).toBe(false)
  })

  it('refer to nothing beyond themselves, and come to an end', async () => {
    expect(await refused(having({ $ref: 'https://example.com/a.json' }))).toMatch('/properties/a/$ref')
    expect(await refused(having({ $ref: 'file:///etc/passwd' }))).toMatch('/properties/a/$ref')
    expect(await refused(having({ $ref: '#/$defs/none' }))).toMatch('/properties/a/$ref')
    expect(await refused(having({ $ref: '#/properties/__proto__' }))).toMatch('/properties/a/$ref')
    expect(await refused(having({ $dynamicRef: '#x' }))).toMatch('/properties/a/$dynamicRef')
    expect(await refused(having({ $id: 'https://example.com/' }))).toMatch('/properties/a/$id')
    expect(await refused(having({}, { allOf: [{ $ref: '#' }] }))).toBe('TOOL.SCHEMA_INVALID ')
    // Out of sight of the meta-schema, and still refused.
    const hidden = having({ $ref: '#/x-hidden/a' }, { 'x-hidden': { a: { $ref: 'https://example.com/' } } })
    expect(await refused(hidden)).toBe('TOOL.SCHEMA_INVALID ')
    // What would be answered by a promise, which is true whatever it comes to.
    expect(await refused(having({}, { $async: true }))).toBe('TOOL.SCHEMA_INVALID /$async')
    // A value is no schema, and a property may be called as a keyword is.
    expect(await refused(having({ const: { $ref: 'https://example.com/' } }))).toBe('taken')
    expect(await refused({ type: 'object', properties: { $ref: { type: 'string' } } })).toBe('taken')
  })

  it('have bounds, and no key that would be lost', async () => {
    let deep: object = {}
    for (let i = 0; i < 40; i++) deep = having(deep)
    expect(await refused(deep)).toBe('TOOL.SCHEMA_INVALID ')
    let bottomless: object = {}
    for (let i = 0; i < 50_000; i++) bottomless = { not: bottomless }
    expect(await refused({ type: 'object', ...bottomless })).toMatch(/^(INPUT|TOOL)\./)
    expect(await refused(having({ description: 'x'.repeat(200_000) }))).toBe('TOOL.SCHEMA_INVALID ')
    expect(await refused(JSON.parse('{"type":"object","properties":{"__proto__":{}}}'))).toMatch(
      'INPUT.INVALID',
    )
    expect(await refused(having({ description: 'a\u0000' }))).toMatch('INPUT.NUL_CHARACTER')
    expect(await refused(having({ description: '\ud800' }))).toMatch('INPUT.INVALID')
    const loop: Record<string, unknown> = { type: 'object' }
    loop.properties = { loop }
    expect(await refused(loop)).toMatch('INPUT.INVALID')
  })

  it('are refused where references lead only to references, in a ring', async () => {
    const ring = (more: object) =>
      having({ $ref: '#/$defs/A' }, { $defs: { A: { $ref: '#/$defs/B' }, ...more } })
    expect(await refused(ring({ B: { $ref: '#/$defs/A' } }))).toBe('TOOL.SCHEMA_INVALID /properties/a/$ref')
    expect(await refused(having({}, { $defs: { A: { $ref: '#/$defs/A' } } }))).toMatch('/$defs/A/$ref')
    expect(await refused(ring({ B: { type: 'string' } }))).toBe('taken')
    expect(await refused(ring({ B: { properties: { a: { $ref: '#/$defs/A' } } } }))).toBe('taken')
    expect(await refused(ring({ B: { $ref: '#' } }))).toBe('taken')
  })

  it('may be a zod 4 schema, of what goes in', async () => {
    const schema = z.object({
      to: z.email().describe('whom'),
      at: z.int().min(0).default(3),
      kind: z.enum(['a', 'b']).optional(),
    })
    expect(await readParameters(schema)).toMatchObject({
      type: 'object',
      properties: {
        to: { type: 'string', format: 'email', description: 'whom' },
        kind: { enum: ['a', 'b'] },
      },
      required: ['to'],
    })
    expect(Object.keys(await readParameters(schema))).not.toContain('$schema')
    expect(await refused(z.object({ at: z.date() }))).toBe('TOOL.SCHEMA_INVALID /properties/at')
    const deep = z.object({ a: z.object({ when: z.array(z.date().optional()) }) })
    await expect(readParameters(deep)).rejects.toMatchObject({
      message: expect.stringContaining('Date cannot be represented'),
      meta: { path: '/properties/a/properties/when/items' },
    })
    expect(await refused(z.string())).toBe('TOOL.SCHEMA_INVALID /type')
    expect(await refused({ _def: {}, safeParse: () => {} })).toBe('TOOL.SCHEMA_INVALID ')
  })
})

describe('a validator', () => {
  const schema = {
    type: 'object',
    properties: {
      to: { type: 'string' },
      'a/b': { type: 'array', items: { type: 'object', required: ['c'] } },
      size: { enum: [1, 2] },
    },
    required: ['to', 'constructor'],
    additionalProperties: false,
  }

  it('says path by path what is wrong, and repeats no value', async () => {
    const check = await validatorOf(schema)
    const args = { to: 7, 'a/b': [{ c: 1 }, {}], size: 'secret', more: 'secret' }
    const { valid, problems } = check(args)
    expect(valid).toBe(false)
    expect(problems.map(({ path, keyword }) => `${keyword} ${path}`).sort()).toEqual([
      'additionalProperties /more',
      'enum /size',
      'required /a~1b/1/c',
      'required /constructor',
      'type /to',
    ])
    expect(JSON.stringify(problems)).not.toContain('secret')
    expect(args).toEqual({ to: 7, 'a/b': [{ c: 1 }, {}], size: 'secret', more: 'secret' })
    expect(check({ to: 'x', constructor: 1 }).problems).toMatchObject([{ path: '/constructor' }])
    for (const wrong of [undefined, null, 1, 'x', []]) {
      expect(check(wrong).problems).toMatchObject([{ path: '', keyword: 'type' }])
    }
    expect(await validatorOf({ ...schema })).toBe(check)
  })

  it('stops at patterns without end, at schemas that double, and at depths', async () => {
    const slow = await compileValidator(having({ type: 'string', pattern: '^(a+)+$' }))
    const started = performance.now()
    expect(slow({ a: `${'a'.repeat(40)}!` })).toMatchObject({ problems: [{ keyword: 'timeout' }] })
    expect(performance.now() - started).toBeLessThan(5000)
    expect(slow({ a: 'aaa' }).valid).toBe(true)

    const $defs: Record<string, object> = { d0: { type: 'string' } }
    for (let i = 1; i < 40; i++) {
      $defs[`d${i}`] = { allOf: [{ $ref: `#/$defs/d${i - 1}` }, { $ref: `#/$defs/d${i - 1}` }] }
    }
    const doubling = await readParameters(having({ $ref: '#/$defs/d39' }, { $defs }))
    expect((await compileValidator(doubling))({ a: 1 })).toMatchObject({ problems: [{ keyword: 'timeout' }] })

    const list = await compileValidator({ type: 'object', properties: { next: { $ref: '#' } } })
    let chain: object = {}
    for (let i = 0; i < 100_000; i++) chain = { next: chain }
    expect(list(chain)).toMatchObject({ valid: false, problems: [{ keyword: 'depth' }] })
    const loop = having({ $ref: '#/$defs/l' }, { $defs: { l: { anyOf: [{ $ref: '#/$defs/l' }] } } })
    expect((await compileValidator(loop))({ a: 1 })).toMatchObject({ problems: [{ keyword: 'depth' }] })
  })

  it('answers arguments that throw when they are looked at', async () => {
    const check = await compileValidator(having({ type: 'string' }, { required: ['a'] }))
    const unreadable = { valid: false, problems: [{ path: '', keyword: 'unreadable' }] }
    const getter = {
      get a(): string {
        throw new Error('mine')
      },
    }
    const trap = () => {
      throw new Error('mine')
    }
    const proxy = new Proxy({ a: 'x' }, { get: trap, getOwnPropertyDescriptor: trap })
    for (const args of [getter, proxy]) expect(check(args)).toMatchObject(unreadable)
    const { proxy: revoked, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(check(revoked)).toMatchObject(unreadable)
    expect(check({ a: 'x' }).valid).toBe(true)
  })

  it('tells of at most 100 problems', async () => {
    const check = await compileValidator(having({ type: 'array', items: { type: 'string' } }))
    expect(check({ a: Array.from({ length: 5000 }, (_, i) => i) }).problems).toHaveLength(100)
  })
})

describe('the words of a tool', () => {
  it('are those of its name in any case, of its description, and of its parameters however deep', () => {
    expect(nameWords('getHTTPStatus_v2')).toBe('get HTTP Status v2')
    expect(nameWords('list-pull-requests')).toBe('list pull requests')
    expect(nameWords('__a__')).toBe('a')
    const text = searchText('sendMail', 'Sends it.', {
      type: 'object',
      properties: {
        replyTo: { description: 'who answers', enum: ['nobody'] },
        parts: { type: 'array', items: { properties: { mime_type: { title: 'Kind' } } } },
      },
    })
    expect(text.split('\n')).toEqual([
      'send Mail sendMail',
      'Sends it.',
      'reply To parts',
      'who answers',
      'mime type',
      'Kind',
    ])
    expect(searchText('a', `${'x'.repeat(49_997)}😀`, {}).isWellFormed()).toBe(true)
  })
})
