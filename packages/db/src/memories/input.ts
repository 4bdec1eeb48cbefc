import { createHash } from 'node:crypto'
import { z } from 'zod'
import { funesError } from '../errors/funes-error.js'
import { date, idText, jsonObject, uuid } from '../input.js'
import { diversitySchema, MAX_DIVERSE } from './diversity.js'
import { filterSchema } from './filter.js'
import { rankingSchema, weight } from './ranking.js'
import { ACCURACIES, MEMORY_SOURCES, ON_DUPLICATE, SEARCH_MODES } from './types.js'

/** Vectors are checked component by component where they are encoded; here they only pass. */
const vector = z.unknown()
const importance = z
  .number('must be a number from 0 to 1')
  .min(0, 'must be at least 0')
  .max(1, 'must be at most 1')
const source = z.enum(MEMORY_SOURCES, `must be one of ${MEMORY_SOURCES.join(', ')}`)
const content = z.string('must be a string')
const limit = z.int().min(1, 'must be at least 1').max(1000, 'must be at most 1000')

/** A question; a document to look for by its words is cut to passages first, as one vector stands for a passage. */
const question = z.string().min(1, 'must not be empty').max(20_000, 'must have at most 20,000 characters')
const turns = z.int().min(0).max(20)
/** A name of pg_ts_config; whether there is one of it, the database knows. */
const language = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be the name of a text search configuration')

/** The text search configuration of memories and questions that name none. */
export const DEFAULT_LANGUAGE = 'english'

const MAX_TTL_MS = 1000 * 366 * 86_400_000

export const addSchema = z.strictObject({
  userId: idText,
  content,
  embedding: vector.optional(),
  sessionId: idText.optional(),
  source: source.optional(),
  importance: importance.optional(),
  metadata: jsonObject.optional(),
  language: language.optional(),
  id: uuid.optional(),
  idempotencyKey: idText.optional(),
  createdAt: date.optional(),
  expiresAt: date.optional(),
  ttlMs: z.int().min(1, 'must be at least 1').max(MAX_TTL_MS, 'must be at most 1,000 years').optional(),
})

export const onDuplicate = z.enum(ON_DUPLICATE, `must be one of ${ON_DUPLICATE.join(', ')}`)
export const addOneSchema = addSchema.extend({ onDuplicate: onDuplicate.optional() })

export const keySchema = z.strictObject({ userId: idText, id: uuid })
export const getSchema = keySchema.extend({ includeDeleted: z.boolean().optional() })
export const removeSchema = keySchema.extend({ actor: idText.optional() })
export const restoreSchema = removeSchema.extend({ expiresAt: date.nullable().optional() })
export const restoreVersionSchema = restoreSchema.extend({
  version: z.int().min(1, 'must be at least 1').max(2_147_483_647),
  embedding: vector.optional(),
})

export const updateSchema = z.strictObject({
  userId: idText,
  id: uuid,
  content: content.optional(),
  embedding: vector.optional(),
  sessionId: idText.nullable().optional(),
  source: source.optional(),
  importance: importance.optional(),
  metadata: jsonObject.optional(),
  expiresAt: date.nullable().optional(),
  actor: idText.optional(),
})

export const listSchema = z.strictObject({
  userId: idText,
  filter: filterSchema.optional(),
  limit: limit.optional(),
  cursor: z.string().nullish(),
  includeDeleted: z.boolean().optional(),
})

export const countSchema = z.union([
  z.strictObject({ userId: idText }),
  z.strictObject({ scope: z.literal('all-users') }),
])

type Owner = { userId?: string | undefined; scope?: 'all-users' | undefined }
function hasOneOwner({ userId, scope }: Owner, context: z.RefinementCtx): void {
  if ((userId === undefined) !== (scope === undefined)) return
  const message =
    userId === undefined
      ? "is required, or scope: 'all-users' in its place"
      : 'and scope exclude each other: give one of them'
  context.addIssue({ code: 'custom', path: ['userId'], message })
}

export const searchSchema = z
  .strictObject({
    userId: idText.optional(),
    scope: z.literal('all-users').optional(),
    embedding: vector.optional(),
    text: question.optional(),
    k: limit.optional(),
    accuracy: z.enum(ACCURACIES).optional(),
    filter: filterSchema.optional(),
    mode: z.enum(SEARCH_MODES).optional(),
    weights: z
      .strictObject({ vector: weight, text: weight })
      .refine(({ vector, text }) => vector + text > 0, 'must have a weight above 0')
      .optional(),
    fusion: z.enum(['score', 'rank']).optional(),
    language: language.optional(),
    context: z
      .strictObject({
        before: turns.optional(),
        after: turns.optional(),
        lend: z.number().min(0).max(1).optional(),
      })
      .optional(),
    ranking: rankingSchema.optional(),
    diversity: diversitySchema.optional(),
    minScore: z.number().optional(),
    after: z.string().nullable().optional(),
    explain: z.boolean().optional(),
  })
  .superRefine(hasOneOwner)
  .refine(({ diversity, k = 10 }) => diversity === undefined || k <= MAX_DIVERSE, {
    path: ['k'],
    message: `must be at most ${MAX_DIVERSE} with diversity`,
  })

const questionSchema = z
  .strictObject({
    userId: idText.optional(),
    scope: z.literal('all-users').optional(),
    embedding: vector.optional(),
    text: question.optional(),
  })
  .superRefine(hasOneOwner)
  .refine((q) => q.text !== undefined || q.embedding !== undefined, {
    path: ['embedding'],
    message: 'is required, or text in its place',
  })

export const questionsSchema = z.array(questionSchema).max(1000, 'must be at most 1000')
export const searchManySchema = z.strictObject({
  k: limit.optional(),
  accuracy: z.enum(ACCURACIES).optional(),
  filter: filterSchema.optional(),
  mode: z
    .literal(
      'vector',
      "must be 'vector', as searchMany goes by meaning: by words, call search for each question",
    )
    .optional(),
})

/**
 * Checks a memory's text and hashes it.
 *
 * @throws `MEMORY.CONTENT_EMPTY`, `MEMORY.CONTENT_TOO_LONG`, `INPUT.INVALID`
 */
export function checkContent(text: string, maxLength: number): { text: string; hash: Buffer } {
  if (text.trim() === '') {
    throw funesError('MEMORY.CONTENT_EMPTY', 'The content is empty or white space only.', {
      fix: 'Leave such texts out.',
      meta: { path: 'content' },
    })
  }
  if (text.length > maxLength) {
    throw funesError(
      'MEMORY.CONTENT_TOO_LONG',
      `The content has ${text.length} characters, the limit is ${maxLength}.`,
      {
        fix: 'Split it into passages: one vector cannot stand for so much text. Or raise `limits.maxContentLength`.',
        meta: { path: 'content', length: text.length, maximum: maxLength },
      },
    )
  }
  return { text, hash: createHash('sha256').update(text).digest() }
}
