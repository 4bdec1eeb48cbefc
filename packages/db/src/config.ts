import type pg from 'pg'
import { z } from 'zod'
import type { Embedder } from './embedder.js'
import type { RetryPolicy } from './engine/retry.js'
import { funesError } from './errors/funes-error.js'
import { type ObserveOptions, observeShape } from './observe/options.js'
import { usageOptionsSchema } from './tools/usage/input.js'
import type { ToolUsageOptions } from './tools/usage/options.js'

/** Bounds of a Funes. Every wait has one. Times are in milliseconds. */
export interface Limits {
  /** Connections of the pool that Funes makes; 10 unless given. The embedded engine always has one. */
  maxConnections?: number
  /** How long opening a connection may take; 10,000 unless given. */
  connectTimeoutMs?: number
  /** How long a call waits for a connection; as `connectTimeoutMs` unless given, 60,000 on the embedded engine. */
  acquireTimeoutMs?: number
  /** How long an unused connection is kept; 30,000 unless given. */
  idleTimeoutMs?: number
  /** How long a statement may run; 30,000 unless given. Migrations and index builds are exempt. */
  statementTimeoutMs?: number
  /** How long a statement waits for a lock; 10,000 unless given. */
  lockTimeoutMs?: number
  /** How long a transaction may sit idle before the server ends it; 60,000 unless given. */
  idleInTransactionTimeoutMs?: number
  /** Characters a memory's content may have; 100,000 unless given. */
  maxContentLength?: number
}

/** How a Funes tries again what may succeed the next time, and harms nothing. */
export interface RetryOptions {
  /** How often in all, 1 to 20; 5 unless given. */
  attempts?: number
  /** The first pause is a random time up to this, and the bound doubles each time; 50 ms unless given. */
  baseMs?: number
  /** No pause is longer; 2,000 ms unless given. */
  maxMs?: number
  /** How many repetitions all calls together may make in a row, so that an outage does not multiply the load; 100 unless given. */
  budget?: number
  /** How many of those come back each second; 10 unless given. */
  budgetPerSecond?: number
}

/** How to open a memory. Give at most one of `url`, `pool` and `dataDir`; none is right too. */
export interface FunesOptions extends ObserveOptions {
  /** `postgresql://user:password@host:port/database`. Else FUNES_DATABASE_URL or DATABASE_URL; else the embedded engine. */
  url?: string
  /** A pool of your own, used as it is and never ended. What it lacks of `limits` is set in each transaction. */
  pool?: pg.Pool
  /** Where the embedded engine keeps its data; else FUNES_DATA_DIR; else `.funes`. `memory://` keeps nothing. */
  dataDir?: string
  /** Makes vectors where a call gives text only. */
  embedder?: Embedder
  /** Embedders of further models: one that takes over from the model in use, in this process or another, is then followed without a restart. */
  embedders?: readonly Embedder[]
  /** The embedding model whose vectors are stored and searched; else the embedder's; else `default` (384 dimensions). */
  model?: string
  /** Bounds of waits and sizes; each has a default. */
  limits?: Limits
  /** What is tried again: transactions that collided, reads whose connection was lost, adds, which are looked for first. `false` for nothing. */
  retry?: false | RetryOptions
  /** Whether the server keeps plans under names: quicker. True unless FUNES_PREPARED_STATEMENTS is false; given up by itself where a pooler loses them. */
  preparedStatements?: boolean
  /** How usages of tools are queued and stored, and how long their rows are kept. */
  toolUsage?: ToolUsageOptions
}

export type Target =
  | { readonly kind: 'pool'; readonly pool: pg.Pool }
  | { readonly kind: 'server'; readonly url: string }
  | { readonly kind: 'embedded'; readonly dataDir: string | undefined }

/** {@link FunesOptions} with every default in place. */
export interface Config {
  readonly target: Target
  readonly embedder: Embedder | undefined
  readonly embedders: readonly Embedder[]
  readonly model: string
  readonly limits: Readonly<Required<Limits>>
  readonly retry: RetryPolicy
  readonly preparedStatements: boolean
  readonly observe: ObserveOptions
  readonly toolUsage: ToolUsageOptions
}

const time = z.int().min(1).max(86_400_000)

const limitsSchema = z.strictObject({
  maxConnections: z.int().min(1).max(1000).optional(),
  connectTimeoutMs: time.optional(),
  acquireTimeoutMs: time.optional(),
  idleTimeoutMs: time.optional(),
  statementTimeoutMs: time.optional(),
  lockTimeoutMs: time.optional(),
  idleInTransactionTimeoutMs: time.optional(),
  maxContentLength: z.int().min(1).max(10_000_000).optional(),
})

const retrySchema = z.strictObject({
  attempts: z.int().min(1).max(20).optional(),
  baseMs: time.optional(),
  maxMs: time.optional(),
  budget: z.int().min(0).max(1_000_000).optional(),
  budgetPerSecond: z.number().min(0).max(1_000_000).optional(),
})

const DEFAULT_RETRY: RetryPolicy = { attempts: 5, baseMs: 50, maxMs: 2_000, budget: 100, budgetPerSecond: 10 }

const isPool = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'connect' in value &&
  'query' in value &&
  'totalCount' in value

const embedderSchema = z
  .custom<Embedder>(
    (value) => typeof (value as Embedder | null)?.embed === 'function',
    'must have embed(texts)',
  )
  .refine((e) => typeof e.model === 'string' && e.model !== '', 'must have a model name')
  .refine(
    (e) => Number.isInteger(e.dimensions) && e.dimensions >= 1 && e.dimensions <= 16_000,
    'must have dimensions from 1 to 16,000',
  )

const optionsSchema = z
  .strictObject({
    url: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must start with postgresql://')
      .optional(),
    pool: z.custom<pg.Pool>(isPool, 'must be a pg.Pool').optional(),
    dataDir: z.string().min(1).optional(),
    embedder: embedderSchema.optional(),
    embedders: z.array(embedderSchema).max(100).optional(),
    model: z.string().min(1).max(200).optional(),
    limits: limitsSchema.optional(),
    retry: z.union([z.literal(false), retrySchema]).optional(),
    preparedStatements: z.boolean().optional(),
    ...observeShape,
    toolUsage: usageOptionsSchema.optional() as z.ZodType<ToolUsageOptions | undefined>,
  })
  .refine(
    (o) => [o.url, o.pool, o.dataDir].filter((given) => given !== undefined).length <= 1,
    'give only one of url, pool and dataDir',
  )

/** What of the environment is read, all of it. */
export interface Environment {
  FUNES_DATABASE_URL?: string | undefined
  DATABASE_URL?: string | undefined
  FUNES_DATA_DIR?: string | undefined
  FUNES_PREPARED_STATEMENTS?: string | undefined
}

const EMBEDDED_URL = /^postgres(ql)?:\/\/embedded(\/|$)/
const DEFAULT_DATA_DIR = '.funes'
const DEFAULT_MODEL = 'default'

/** Whether it is a url, and what is percent-encoded in it can be decoded. */
function isReadable(url: string): boolean {
  try {
    const { username, password, hostname, pathname } = new URL(url)
    for (const part of [username, password, hostname, pathname]) decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

function chooseTarget(options: FunesOptions, env: Environment): Target {
  if (options.pool) return { kind: 'pool', pool: options.pool }
  const dataDir = options.dataDir ?? (env.FUNES_DATA_DIR || DEFAULT_DATA_DIR)
  const embedded: Target = { kind: 'embedded', dataDir: dataDir === 'memory://' ? undefined : dataDir }
  if (options.dataDir !== undefined) return embedded
  const url = options.url ?? (env.FUNES_DATABASE_URL || env.DATABASE_URL || undefined)
  if (url === undefined || EMBEDDED_URL.test(url)) return embedded
  if (!/^postgres(ql)?:/.test(url) || !isReadable(url)) {
    // The url itself is not repeated: it may hold a password.
    throw funesError('CONFIG.INVALID', 'The database url cannot be read.', {
      fix: 'Write it as postgresql://user:password@host:port/database, special characters percent-encoded.',
      meta: { path: 'url' },
    })
  }
  return { kind: 'server', url }
}

/** True unless it says otherwise. @throws `CONFIG.INVALID` */
function readFlag(text: string | undefined): boolean {
  const flag = z.stringbool().safeParse(text || 'true')
  if (flag.success) return flag.data
  throw funesError('CONFIG.INVALID', 'FUNES_PREPARED_STATEMENTS is neither true nor false.', {
    fix: 'Set it to true or false, or leave it out.',
    meta: { path: 'FUNES_PREPARED_STATEMENTS' },
  })
}

/**
 * Checks the options, fills in the environment and the defaults.
 *
 * @throws `CONFIG.INVALID`
 */
export function readConfig(options: FunesOptions = {}, env: Environment = process.env): Config {
  const parsed = optionsSchema.safeParse(options)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const path = issue?.path.join('.') || 'options'
    throw funesError('CONFIG.INVALID', `${path}: ${issue?.message ?? 'invalid'}.`, {
      fix: 'Correct the options given to createFunes.',
      meta: { path },
    })
  }
  const target = chooseTarget(options, env)
  const embedder = options.embedder
  return {
    target,
    embedder,
    embedders: options.embedders ?? [],
    model: options.model ?? embedder?.model ?? DEFAULT_MODEL,
    observe: options,
    toolUsage: options.toolUsage ?? {},
    limits: {
      maxConnections: 10,
      connectTimeoutMs: 10_000,
      acquireTimeoutMs: target.kind === 'embedded' ? 60_000 : (options.limits?.connectTimeoutMs ?? 10_000),
      idleTimeoutMs: 30_000,
      statementTimeoutMs: 30_000,
      lockTimeoutMs: 10_000,
      idleInTransactionTimeoutMs: 60_000,
      maxContentLength: 100_000,
      ...options.limits,
    },
    retry:
      options.retry === false ? { ...DEFAULT_RETRY, attempts: 1 } : { ...DEFAULT_RETRY, ...options.retry },
    preparedStatements: options.preparedStatements ?? readFlag(env.FUNES_PREPARED_STATEMENTS),
  }
}
