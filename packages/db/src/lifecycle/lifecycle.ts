import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import type { Engine } from '../engine/engine.js'
import { checked, date, idText } from '../input.js'
import { MEMORY_SOURCES, type MemorySource } from '../memories/types.js'
import { type ForgetResult, forgetFaded } from './forget.js'
import { type SweepResult, sweepDue } from './sweep.js'
import { type Sweeping, startSweeping } from './sweeping.js'

/** Which memories to remove for good. */
export interface Sweep {
  /** Memories a transaction, 1 to 10,000; 500 unless given. */
  batchSize?: number
  /** Memories at most; all that are due unless given. */
  limit?: number
  /** Leaves what has expired for so many milliseconds, in which it can be restored; 0 unless given. */
  expiredForMs?: number
  /** Also removes what was deleted so many milliseconds ago or longer; unless given, deleted memories stay. */
  deletedForMs?: number
}

export interface SweepOnce extends Sweep, CallOptions {
  /** Called after each batch with what has been removed so far. */
  onProgress?: (progress: SweepResult) => void
}

export interface StartSweeping extends Sweep {
  /** The pause between two sweeps in milliseconds, 100 to 30 days; it varies by a fifth. The first comes within one pause. */
  everyMs: number
  onSweep?: (result: SweepResult) => void
  /** Called when a sweep failed, which is tried again after the pause. */
  onError?: (error: unknown) => void
}

/** Which memories have faded. A score is importance × 2^(−age / halfLife), the age being that of the last access, or else the memory's own. */
export interface ForgetPolicy {
  /** After so many milliseconds a memory counts half; 30 days unless given. */
  halfLifeMs?: number
  /** Memories whose score is lower are forgotten, above 0 to 1. */
  below: number
  /** Memories younger than that, in milliseconds, stay; 1 day unless given. */
  minAgeMs?: number
  /** Memories of these sources stay. */
  exceptSources?: readonly MemorySource[]
  /** Each user keeps so many live memories at least, whatever their scores; 0 unless given. */
  keepAtLeast?: number
  /** Ages are as of then; now unless given. */
  at?: Date
}

export type Forget = ForgetPolicy &
  CallOptions & {
    /** Tells how many and which, and changes nothing. */
    dryRun?: boolean
    /** Removes them for good; unless given, they are deleted softly, and can be restored. */
    hard?: boolean
    /** Memories at most, users in the order of their ids; all that have faded unless given. */
    limit?: number
    /** Memories a transaction, 1 to 10,000; 500 unless given. */
    batchSize?: number
    /** What the history calls it: `actor` is `policy:NAME`; `faded` unless given. */
    name?: string
    /** Called after each user of whom something was forgotten. */
    onProgress?: (progress: { forgotten: number; users: number }) => void
  } & ({ userId: string; scope?: never } | { scope: 'all-users'; userId?: never })

/** What becomes of memories in time. Each works in transactions of its own. */
export interface Lifecycle {
  /**
   * Removes memories past their time, and on demand those deleted long ago, with their vectors, history and counters. Any
   * number of processes may sweep at once: each memory is removed, and counted, by one of them.
   *
   * @throws `INPUT.INVALID`, `TRANSACTION.NOT_ALLOWED`; batches before an error stay removed
   * @example
   * await funes.lifecycle.sweep({ deletedForMs: 30 * 86_400_000 })
   */
  sweep(options?: SweepOnce): Promise<SweepResult>
  /**
   * Sweeps regularly until it is stopped, or this Funes is closed. It keeps no process from ending.
   *
   * @throws `INPUT.INVALID`
   */
  start(options: StartSweeping): Sweeping
  /** Ends all sweeping that `start` began, as `close` does, and waits for what is under way. */
  stop(): Promise<void>
  /**
   * Forgets memories that have lost their importance, the most faded of each user first. With the history, who did is kept.
   *
   * @throws `INPUT.INVALID`, `TRANSACTION.NOT_ALLOWED`; batches before an error stay forgotten
   * @example
   * const { forgotten } = await funes.lifecycle.forget({ userId, below: 0.05, keepAtLeast: 100, dryRun: true })
   */
  forget(policy: Forget): Promise<ForgetResult>
}

const DAY_MS = 86_400_000
const isFunction = (f: unknown) => typeof f === 'function'
const callback = z.custom<(value: never) => void>(isFunction, 'must be a function').optional()
const duration = z
  .number()
  .min(0, 'must be at least 0')
  .max(1000 * 366 * DAY_MS, 'must be at most 1,000 years')
const batchSize = z.int().min(1).max(10_000).optional()
const limit = z.int().min(1).max(1_000_000_000).optional()

const sweepFields = {
  batchSize,
  limit,
  expiredForMs: duration.optional(),
  deletedForMs: duration.optional(),
}
const sweepSchema = z.strictObject({ ...sweepFields, onProgress: callback })
const startSchema = z.strictObject({
  ...sweepFields,
  everyMs: z
    .int()
    .min(100)
    .max(30 * DAY_MS),
  onSweep: callback,
  onError: callback,
})
const forgetSchema = z
  .strictObject({
    userId: idText.optional(),
    scope: z.literal('all-users').optional(),
    halfLifeMs: duration.min(1, 'must be at least 1').optional(),
    below: z.number().gt(0, 'must be above 0').max(1, 'must be at most 1'),
    minAgeMs: duration.optional(),
    exceptSources: z.array(z.enum(MEMORY_SOURCES, `must be one of ${MEMORY_SOURCES.join(', ')}`)).optional(),
    keepAtLeast: z.int().min(0).max(1_000_000_000).optional(),
    at: date.optional(),
    dryRun: z.boolean().optional(),
    hard: z.boolean().optional(),
    limit,
    batchSize,
    name: idText.optional(),
    onProgress: callback,
  })
  .refine(({ userId, scope }) => (userId === undefined) !== (scope === undefined), {
    path: ['userId'],
    message: "is required, or scope: 'all-users' in its place",
  })

const NO_LIMIT = 1_000_000_000

function ruleOf(sweep: z.infer<typeof sweepSchema>) {
  return {
    batchSize: sweep.batchSize ?? 500,
    limit: sweep.limit ?? NO_LIMIT,
    expiredForMs: sweep.expiredForMs ?? 0,
    deletedForMs: sweep.deletedForMs,
  }
}

export function createLifecycle(engine: Engine): Lifecycle {
  const started = new Set<Sweeping>()
  return {
    async sweep(options = {}) {
      engine.assertOutsideTransaction('lifecycle.sweep')
      return sweepDue(engine, ruleOf(checked(sweepSchema, options)), options.onProgress)
    },
    start(options) {
      const { everyMs, onSweep: _, onError: __, ...sweep } = checked(startSchema, options)
      const rule = ruleOf({ ...sweep, onProgress: undefined })
      const sweeping = startSweeping((goOn) => sweepDue(engine, rule, undefined, goOn), {
        everyMs,
        onSweep: options.onSweep,
        onError: options.onError,
      })
      started.add(sweeping)
      return {
        async stop() {
          started.delete(sweeping)
          await sweeping.stop()
        },
      }
    },
    async stop() {
      const all = [...started]
      started.clear()
      await Promise.all(all.map((sweeping) => sweeping.stop()))
    },
    async forget(policy) {
      engine.assertOutsideTransaction('lifecycle.forget')
      const input = checked(forgetSchema, policy)
      return forgetFaded(engine, {
        userId: input.userId ?? null,
        rule: {
          halfLifeMs: input.halfLifeMs ?? 30 * DAY_MS,
          below: input.below,
          minAgeMs: input.minAgeMs ?? DAY_MS,
          except: input.exceptSources ?? [],
          keepAtLeast: input.keepAtLeast ?? 0,
          at: input.at ?? null,
        },
        limit: input.limit ?? NO_LIMIT,
        batchSize: input.batchSize ?? 500,
        dryRun: input.dryRun ?? false,
        hard: input.hard ?? false,
        actor: `policy:${input.name ?? 'faded'}`,
        onProgress: policy.onProgress,
      })
    },
  }
}
