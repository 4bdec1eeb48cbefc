import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { setModelState } from '../sql/models.js'
import { countTakeover, selectMissingSince, type Takeover } from '../sql/reembed.js'
import { countTools } from '../sql/reembed-tools.js'
import {
  alignMemories,
  distinct,
  embedLastTools,
  embedMemories,
  embedTools,
  type Target,
} from './catch-up.js'
import { assertSeesEveryone, atLength } from './everyone.js'
import { createMeter, type Meter, type ReembedProgress } from './progress.js'
import { switchModels } from './switch.js'
import { type Walk, type Walked, walkAll, walkOn } from './walk.js'

/** How often the rest may turn out to be too much, or in others' hands, once nobody writes. */
const MAX_ATTEMPTS = 20
const PAUSE_MS = 250

/** What a re-embedding has to do, and how. */
export interface Reembedding {
  readonly takeover: Takeover
  readonly target: Target
  /** Builds the new model's index when all vectors are there. */
  readonly buildIndex: () => Promise<unknown>
  readonly onProgress: ((progress: ReembedProgress) => void) | undefined
  readonly signal: AbortSignal | undefined
}

async function startMeter(engine: Engine, { takeover, onProgress }: Reembedding): Promise<Meter> {
  return atLength(engine, async (executor) => {
    const [memories] = await executor.run(countTakeover(takeover))
    const [tools] = await executor.run(countTools(takeover.from, takeover.to))
    const total = (memories?.total ?? 0) + (tools?.total ?? 0)
    return createMeter(total, (memories?.done ?? 0) + (tools?.done ?? 0), onProgress)
  })
}

/** Does the rest while nobody writes. False when it is more than one batch, or a part of it is not to be had. */
async function finish(executor: Executor, walk: Walk, walked: Walked, isLast: boolean): Promise<boolean> {
  const { takeover, target, meter } = walk
  // Row-level security may have been turned on since.
  await assertSeesEveryone(executor)
  const missing = await executor.run(selectMissingSince(takeover, walked.moment))
  const keys = distinct([...missing, ...walked.left])
  if (keys.length > target.batchSize && !isLast) return false
  const left = await embedMemories(executor, target, keys, meter.add)
  if (left.length > 0) return false
  if ((await alignMemories(executor, target, keys)).length > 0) return false
  return embedLastTools(executor, target, { from: takeover.from, isLast }, meter.add)
}

/**
 * Makes the vectors that are missing under the new model while everything goes on, builds its index, and then makes it
 * the one in use, in one transaction. Answers with how many vectors were made. What was done stays done when it is
 * stopped, by whatever: the next call goes on from there.
 */
export async function runReembedding(engine: Engine, job: Reembedding): Promise<number> {
  const { takeover, target, signal } = job
  // From now on whoever knows the new embedder adds under both models.
  await engine.run(setModelState(takeover.to, 'building'))
  const meter = await startMeter(engine, job)
  const walk: Walk = { takeover, target, meter, signal }
  const tools = { target, from: takeover.from, signal }
  await meter.enter('embedding')
  let walked = await walkAll(engine, walk)
  await embedTools(engine, tools, meter.add)
  await meter.enter('indexing')
  await job.buildIndex()
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    await meter.enter('embedding')
    walked = await walkOn(engine, walk, walked)
    await embedTools(engine, tools, meter.add)
    await meter.enter('switching')
    const isLast = attempt > MAX_ATTEMPTS / 2
    const ready = (executor: Executor) => finish(executor, walk, walked, isLast)
    if (await switchModels(engine, takeover.from, takeover.to, ready, signal)) return meter.made
    await sleep(PAUSE_MS, undefined, signal && { signal })
  }
  throw funesError(
    'DB.LOCK_TIMEOUT',
    'A transaction kept memories or tools locked, so their vectors could not be made.',
    {
      fix: 'Look for who holds them, and call `models.reembed` again: it goes on where it stopped.',
      meta: { model: target.model.name },
    },
  )
}
