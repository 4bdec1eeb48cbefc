import fc from 'fast-check'
import type { MemoryFilter } from '../src/index.js'

/** Texts that have been the undoing of other software: what ends a literal, a statement, a pattern, a name or an encoding. */
const HOSTILE: readonly string[] = [
  "'",
  "''",
  '"',
  '`',
  ';',
  '--',
  '/*',
  '*/',
  '\\',
  "\\'",
  "\\'; select canary_hit(); --",
  "'; select canary_hit(); --",
  "' || canary_hit() || '",
  "') ; select canary_hit(); --",
  "' or true --",
  "' or '1'='1",
  "x' union select content from memories where user_id = 'victim' --",
  "x'); delete from memories; --",
  "'; drop table memories cascade; --",
  "'; reset role; --",
  "', true), set_config('funes.user_id', 'victim', true), ('",
  "'; set local row_security = off; --",
  '$1',
  '$$; select canary_hit(); $$',
  '$x$',
  '$' + '{canary_hit()}',
  '{{canary_hit()}}',
  '%s%n%I',
  '%',
  '_',
  'a%',
  'a_',
  '*',
  '?',
  ':x',
  '@>',
  '{"a":1}',
  "{a,b,'c'}",
  '{"userId":"victim"}',
  '[]',
  'null',
  'NULL',
  'NaN',
  'Infinity',
  '-0',
  '1e400',
  'true',
  'default',
  'none',
  'public',
  'pg_catalog',
  'postgres',
  'funes_app',
  'funes.user_id',
  'all-users',
  'victim',
  'VICTIM',
  'victim ',
  ' victim',
  'victim%',
  'v_ctim',
  'victim\u200b',
  'ｖictim',
  'vıctim',
  "(a | b) & !c:* <-> 'd'",
  '"unclosed phrase -minus',
  '-" "-" & | ! ( ) : *',
  '^(a+)+$',
  '../../etc/passwd',
  'constructor',
  'prototype',
  '__proto__',
  'toString',
  '=cmd()',
  '"]; globalThis.canaryHit = true; //',
  "'); globalThis.canaryHit = true; ('",
  '`+(globalThis.canaryHit=true)+`',
  '<script>canary_hit()</script>',
  '\u0000',
  'nul\u0000in the middle',
  '\ud800',
  '\udc00 alone',
  '\ufeff',
  '\u202e right to left',
  '\u2028\u2029',
  '\uffff',
  '\u{10ffff}',
  'e\u0301',
  '\u00e9',
  'ﷺ'.repeat(20),
  '👩‍👩‍👧‍👦',
  '\r\n\t\v\f\u0007\u001b[2J',
  ' ',
  'x'.repeat(600),
  "'".repeat(200),
  '('.repeat(200),
]

/** One of the list, any text at all, or several of both in a row. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 8 })), {
        minLength: 2,
        maxLength: 4,
      })
      .map((parts) => parts.join('')),
  },
)

/** Hostile text in the shape of an id, so that most of it gets past the check of length. */
export const hostileId: fc.Arbitrary<string> = hostileText.map((text) => text.slice(0, 500))

const scalar = fc.oneof(hostileText, fc.double(), fc.integer(), fc.boolean(), fc.constant(null))

/** A JSON object with hostile keys and values, three levels deep at most. */
export const hostileMetadata: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(
  hostileText,
  fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 3 }),
    fc.dictionary(hostileText, fc.oneof(scalar, fc.dictionary(hostileText, scalar, { maxKeys: 2 })), {
      maxKeys: 2,
    }),
  ),
  { maxKeys: 4 },
)

const bounds = <T>(value: fc.Arbitrary<T>) =>
  fc.record({ gt: value, gte: value, lt: value, lte: value }, { requiredKeys: [] })

const path = fc.array(hostileText, { maxLength: 4 })
const where = fc.oneof(
  fc.record({ path, exists: fc.boolean() }),
  fc.record({ path, equals: scalar }),
  fc.record({ path, in: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ path, number: bounds(fc.double()) }),
  fc.record({ path, time: bounds(fc.date({ noInvalidDate: false })) }),
  fc.record({ path, [String("'; --")]: hostileText }),
)

/** The conditions of a filter, sound ones and such as must be refused. */
const conditions = fc.record(
  {
    ids: fc.array(fc.oneof(fc.uuid(), hostileText), { maxLength: 3 }),
    sessionId: fc.oneof(hostileId, fc.array(hostileId, { maxLength: 3 }), fc.constant(null)),
    source: fc.oneof(fc.constantFrom('chat', 'tool'), hostileText),
    importance: bounds(fc.oneof(fc.double(), hostileText)),
    createdAt: bounds(fc.oneof(fc.date({ noInvalidDate: false }), hostileText)),
    tags: fc.array(hostileText, { maxLength: 3 }),
    metadata: hostileMetadata,
    where: fc.oneof(where, fc.array(where, { maxLength: 3 })),
  },
  { requiredKeys: [] },
)

/** A filter of at most three levels; a third of them have one condition, so that most of those are sound. */
export const hostileFilter: fc.Arbitrary<MemoryFilter> = fc.oneof(
  fc.record({ metadata: hostileMetadata }),
  fc.record({ where }),
  fc.record({ tags: fc.array(hostileText, { minLength: 1, maxLength: 3 }) }),
  conditions,
  fc.record({ not: conditions }),
  fc.record({ and: fc.array(conditions, { maxLength: 2 }) }),
  fc.record({
    or: fc.array(fc.oneof(conditions, fc.record({ not: fc.record({ where }) })), { maxLength: 2 }),
  }),
) as fc.Arbitrary<MemoryFilter>

/** JSON Schemas whose names, patterns, references, constants and descriptions are hostile, two levels deep at most. */
export const hostileSchema: fc.Arbitrary<Record<string, unknown>> = fc
  .letrec<{ schema: Record<string, unknown> }>((tie) => ({
    schema: fc.record(
      {
        type: fc.oneof(fc.constantFrom('object', 'string', 'array', 'number'), hostileText),
        description: hostileText,
        properties: fc.dictionary(hostileText, tie('schema') as fc.Arbitrary<unknown>, {
          maxKeys: 2,
        }),
        required: fc.array(hostileText, { maxLength: 2 }),
        enum: fc.array(scalar, { maxLength: 2 }),
        default: hostileText,
        pattern: hostileText,
        $ref: hostileText,
        $comment: hostileText,
        additionalProperties: fc.boolean(),
        [String("'; --")]: hostileText,
      },
      { requiredKeys: [] },
    ),
  }))
  .schema.map((schema) => ({ ...schema, type: 'object' }))
