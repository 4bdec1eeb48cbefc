import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type AddMemory, ERROR_CODES, type FunesErrorCode, isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const embedding = randomVector(random(1))
const good: AddMemory = { userId: 'u', content: 'fine', embedding }
const withComponent = (value: unknown) => Object.assign([...embedding], { 200: value })

const bad: readonly (readonly [string, unknown, FunesErrorCode])[] = [
  ['too few dimensions', { embedding: embedding.slice(1) }, 'EMBEDDING.DIMENSION_MISMATCH'],
  ['too many dimensions', { embedding: [...embedding, 0] }, 'EMBEDDING.DIMENSION_MISMATCH'],
  ['no dimensions', { embedding: [] }, 'EMBEDDING.DIMENSION_MISMATCH'],
  ['NaN', { embedding: withComponent(Number.NaN) }, 'EMBEDDING.NOT_FINITE'],
  ['infinity', { embedding: withComponent(Number.POSITIVE_INFINITY) }, 'EMBEDDING.NOT_FINITE'],
  ['a number beyond single precision', { embedding: withComponent(1e39) }, 'EMBEDDING.NOT_FINITE'],
  ['a hole', { embedding: withComponent(undefined) }, 'EMBEDDING.NOT_FINITE'],
  ['a numeric string', { embedding: withComponent('1') }, 'EMBEDDING.NOT_FINITE'],
  ['a zero vector', { embedding: new Float32Array(384) }, 'EMBEDDING.ZERO'],
  ['components that vanish in single precision', { embedding: Array(384).fill(1e-60) }, 'EMBEDDING.ZERO'],
  ['a vector as text', { embedding: '[1,2,3]' }, 'INPUT.INVALID'],
  ['no vector and no embedder', { embedding: undefined }, 'EMBEDDING.REQUIRED'],
  ['importance above 1', { importance: 1.01 }, 'INPUT.INVALID'],
  ['importance below 0', { importance: -0.01 }, 'INPUT.INVALID'],
  ['importance NaN', { importance: Number.NaN }, 'INPUT.INVALID'],
  ['an unknown session', { sessionId: 'nowhere' }, 'SESSION.NOT_FOUND'],
  ["another user's session", { sessionId: 'of-other' }, 'SESSION.NOT_FOUND'],
  ['empty content', { content: '' }, 'MEMORY.CONTENT_EMPTY'],
  ['white space', { content: ' \n\t ' }, 'MEMORY.CONTENT_EMPTY'],
  ['content over the limit', { content: 'x'.repeat(100_001) }, 'MEMORY.CONTENT_TOO_LONG'],
  ['content that is no text', { content: 42 }, 'INPUT.INVALID'],
  ['half a surrogate pair', { content: 'a\ud83d' }, 'INPUT.INVALID'],
  ['NUL in content', { content: 'a\u0000b' }, 'INPUT.NUL_CHARACTER'],
  ['NUL in the user', { userId: 'u\u0000' }, 'INPUT.NUL_CHARACTER'],
  ['NUL deep in metadata', { metadata: { a: [{ b: '\u0000' }] } }, 'INPUT.NUL_CHARACTER'],
  ['NUL in a key of metadata', { metadata: { 'a\u0000': 1 } }, 'INPUT.NUL_CHARACTER'],
  ['an empty user', { userId: '' }, 'INPUT.INVALID'],
  ['no user', { userId: undefined }, 'INPUT.INVALID'],
  ['an unknown source', { source: 'dream' }, 'INPUT.INVALID'],
  ['an option that does not exist', { importnace: 1 }, 'INPUT.INVALID'],
  ['metadata that is a list', { metadata: [] }, 'INPUT.INVALID'],
  ['metadata that JSON would alter', { metadata: { at: new Date() } }, 'INPUT.INVALID'],
  ['metadata that JSON would drop', { metadata: { f: () => 1 } }, 'INPUT.INVALID'],
  ['an id that is no UUID', { id: '1' }, 'INPUT.INVALID'],
  ['half a surrogate pair in metadata', { metadata: { a: ['\ud800'] } }, 'INPUT.INVALID'],
  [
    'metadata with a prototype key',
    { metadata: JSON.parse('{"__proto__": {"x": 1}, "b": 2}') },
    'INPUT.INVALID',
  ],
  ['a date before the calendar', { createdAt: new Date(-8.64e15) }, 'INPUT.INVALID'],
  ['a vector whose length overflows', { embedding: withComponent(3e38) }, 'EMBEDDING.NOT_FINITE'],
  ['an invalid date', { createdAt: new Date('never') }, 'INPUT.INVALID'],
]

onEveryEngine('bad input', (db) => {
  beforeAll(async () => {
    await db().funes.sessions.start({ userId: 'other', id: 'of-other' })
  })

  describe('add', () => {
    it.each(bad)('%s is refused, and nothing is written', async (_, change, code) => {
      const { funes, pool } = db()
      const memory = { ...good, ...(change as Partial<AddMemory>) }
      const error = await funes.memories.add(memory).catch((e: unknown) => e)
      expect(error).toSatisfy((e) => isFunesError(e, code))
      expect((error as { fix: string }).fix).not.toBe('')
      await expect(funes.memories.addMany([good, memory])).rejects.toSatisfy((e) => isFunesError(e, code))
      const { rows } = await pool.query('select count(*)::int4 as n from memories')
      expect(rows[0].n).toBe(0)
    })

    it('never repeats content in an error, nor in its cause', async () => {
      const secret = 'my-secret-content'
      const { funes } = db()
      const wrong = [
        { content: `${secret}\u0000` },
        { sessionId: secret },
        { metadata: { [secret]: () => 1 } },
        { importance: 2 },
      ]
      for (const change of wrong) {
        const error = await funes.memories
          .add({ ...good, content: secret, ...change } as AddMemory)
          .catch((e: unknown) => e as Error)
        const { message, cause } = error as Error
        expect(
          `${message} ${cause instanceof Error ? JSON.stringify({ ...cause }) + cause.message : ''}`,
        ).not.toContain(secret)
      }
    })

    it('has no untyped error for whatever a caller passes', async () => {
      const { funes } = db()
      await fc.assert(
        fc.asyncProperty(fc.anything(), fc.anything(), async (value, other) => {
          const calls = [
            () => funes.memories.add(value as AddMemory),
            () => funes.memories.add({ ...good, metadata: value, sessionId: other } as AddMemory),
            () => funes.memories.search({ userId: value, embedding: other } as never),
            () => funes.memories.get({ userId: 'u', id: value } as never),
            () => funes.memories.list({ userId: 'u', cursor: value, limit: other } as never),
            () => funes.memories.update({ userId: 'u', id: value } as never),
            () => funes.sessions.start({ userId: 'u', metadata: value, title: other } as never),
          ]
          for (const call of calls) {
            const error = await call().then(
              () => undefined,
              (e: unknown) => e,
            )
            if (error !== undefined && !isFunesError(error)) throw error
            if (error !== undefined)
              expect(Object.keys(ERROR_CODES)).toContain((error as { code: string }).code)
          }
        }),
        { numRuns: 100 },
      )
    })
  })

  it('stores hostile text as what it is', async () => {
    const { funes } = db()
    const hostile = [
      "'; drop table memories; --",
      '$1',
      '\\',
      '"',
      '%_',
      '{{x}}',
      '🍵'.repeat(100),
      '\u202e',
      '\u0024{x}',
      '\r\n',
    ]
    for (const text of hostile) {
      const userId = `h-${text}`
      const { id } = await funes.memories.add({
        ...good,
        userId,
        content: `x${text}`,
        metadata: { [text]: text },
      })
      expect(await funes.memories.get({ userId, id })).toMatchObject({
        userId,
        content: `x${text}`,
        metadata: { [text]: text },
      })
      expect(await funes.memories.count({ userId })).toBe(1)
    }
  })
})
