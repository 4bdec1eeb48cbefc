import { z } from 'zod'
import { weight } from '../memories/ranking.js'
import { ACCURACIES, SEARCH_MODES } from '../memories/types.js'
import { toolRankingSchema } from './ranking.js'

/** What OpenAI and Anthropic take as the name of a tool, so that no name has to be changed on the way to a model. */
export const toolName = z
  .string('must be a string')
  .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ and -: what model providers take')

const tag = z.string().min(1, 'must not be empty').max(100, 'must have at most 100 characters')
const tags = z.array(tag).max(100, 'must be at most 100')
const names = z.array(toolName).max(10_000, 'must be at most 10,000')

/** A name of pg_ts_config; whether there is one of it, the database knows. */
const language = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be the name of a text search configuration')

const version = z.int().min(1, 'must be at least 1').max(2_147_483_647)

export const registerSchema = z.strictObject({
  name: toolName,
  description: z
    .string('must be a string')
    .max(20_000, 'must have at most 20,000 characters')
    .refine((text) => text.trim() !== '', 'must not be empty'),
  // Looked into where it is converted; here it only passes, and so does the vector.
  parameters: z.unknown().optional(),
  embedding: z.unknown().optional(),
  tags: tags.optional(),
  enabled: z.boolean().optional(),
  language: language.optional(),
})

export const registerManySchema = z.strictObject({ batchSize: z.int().min(1).max(1000).optional() })

const filter = z.strictObject({
  names: names.optional(),
  tags: tags.optional(),
  anyTag: tags.optional(),
  noTag: tags.optional(),
  enabled: z.union([z.boolean(), z.literal('any')]).optional(),
})

export const keySchema = z.strictObject({ name: toolName })
export const getSchema = keySchema.extend({
  version: version.optional(),
  includeRemoved: z.boolean().optional(),
})
export const removeSchema = keySchema.extend({ purgeUsage: z.boolean().optional() })
export const validateSchema = z.strictObject({ version: version.optional() })
export const listSchema = z.strictObject({
  filter: filter.optional(),
  includeRemoved: z.boolean().optional(),
  limit: z.int().min(1).max(1000).optional(),
  cursor: z.string().nullish(),
})

export const selectSchema = z.strictObject({
  embedding: z.unknown().optional(),
  text: z.string().min(1, 'must not be empty').max(20_000, 'must have at most 20,000 characters').optional(),
  mode: z.enum(SEARCH_MODES).optional(),
  k: z.int().min(1, 'must be at least 1').max(200, 'must be at most 200').optional(),
  filter: filter.optional(),
  accuracy: z.enum(ACCURACIES).optional(),
  weights: z
    .strictObject({ vector: weight, text: weight })
    .refine(({ vector, text }) => vector + text > 0, 'must have a weight above 0')
    .optional(),
  fusion: z.enum(['score', 'rank']).optional(),
  language: language.optional(),
  ranking: toolRankingSchema.optional(),
  minScore: z.number().optional(),
  explain: z.boolean().optional(),
})
