import type { Engine } from '../engine/engine.js'
import {
  type MemoryMark,
  selectMissingSince,
  selectMoment,
  selectWindow,
  type Takeover,
  type WindowRow,
} from '../sql/reembed.js'
import { alignMemories, distinct, embedMemories, slices, type Target } from './catch-up.js'
import { atLength, everyone } from './everyone.js'
import type { Meter } from './progress.js'

/** Memories looked at in one statement, most of which may be done already. */
const WINDOW = 1000

/** Rounds without a lock, each over what was written during the one before, until the rest is small. */
const MAX_ROUNDS = 10

/** What a walk has to do, and how. */
export interface Walk {
  readonly takeover: Takeover
  readonly target: Target
  readonly meter: Meter
  readonly signal: AbortSignal | undefined
}

/** Where a walk has come to. */
export interface Walked {
  /** Everything written before this is done, but for `left`. */
  readonly moment: string
  /** Memories that somebody was changing when their turn came. */
  readonly left: readonly MemoryMark[]
}

async function now(engine: Engine): Promise<string> {
  const [row] = await engine.run(selectMoment)
  return row?.moment as string
}

async function embed(engine: Engine, { target, meter, signal }: Walk, keys: readonly MemoryMark[]) {
  const left: MemoryMark[] = []
  for (const batch of slices(keys, target.batchSize)) {
    signal?.throwIfAborted()
    left.push(...(await embedMemories(everyone(engine), target, batch, meter.add)))
  }
  return left
}

/** Goes over all memories once, in the order of their keys; those that have a vector of their present text are passed by. */
export async function walkAll(engine: Engine, walk: Walk): Promise<Walked> {
  const moment = await now(engine)
  const all = everyone(engine)
  const left: MemoryMark[] = []
  let after: MemoryMark | null = null
  while (true) {
    walk.signal?.throwIfAborted()
    const page: WindowRow[] = await all.run(selectWindow(walk.takeover, after, WINDOW))
    const last = page.at(-1)
    if (last === undefined) return { moment, left }
    left.push(
      ...(await embed(
        engine,
        walk,
        page.filter(({ wanted, done }) => wanted && !done),
      )),
    )
    const stray = page.filter(({ done, inStep }) => done && !inStep)
    left.push(...(await alignMemories(all, walk.target, stray)))
    after = { userId: last.userId, id: last.id }
  }
}

/** Goes over what was written during the round before, until little is left to be done while nobody writes. */
export async function walkOn(engine: Engine, walk: Walk, from: Walked): Promise<Walked> {
  let { moment, left } = from
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = await now(engine)
    const since = moment
    const missing = await atLength(engine, (executor) =>
      executor.run(selectMissingSince(walk.takeover, since)),
    )
    const keys = distinct([...missing, ...left])
    if (keys.length <= walk.target.batchSize) return { moment, left }
    const unmade = await embed(engine, walk, keys)
    left = [...unmade, ...(await alignMemories(everyone(engine), walk.target, keys))]
    moment = next
  }
  return { moment, left }
}
