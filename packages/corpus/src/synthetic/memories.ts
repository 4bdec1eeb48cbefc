import { uuidAt } from './ids.js'
import { createRandom, type Random } from './random.js'
import { planSessions, type Schedule, sessionOf } from './schedule.js'
import { SOURCES, type Source, subjectOf, writeText } from './text.js'
import { createVectorSource, type VectorSource } from './vectors.js'

/** One memory, as `@funes/db` takes it. */
export interface SyntheticMemory {
  readonly userId: string
  readonly sessionId: string
  /** A UUID of version 7, the same whenever the set is made. */
  readonly id: string
  readonly content: string
  readonly source: Source
  /** 0 to 1, most near 0.4. */
  readonly importance: number
  readonly metadata: SyntheticMetadata
  readonly createdAt: Date
  /** Unit length. */
  readonly embedding: Float32Array
}

export interface SyntheticMetadata {
  readonly [key: string]: unknown
  readonly subject: string
  readonly channel: string
  /** The memory's place in its session, from 0. */
  readonly turn: number
  /** Uniform from 0 to 999: `sample < n` selects n in a thousand. */
  readonly sample: number
}

export interface SyntheticOptions {
  seed: number
  memories: number
  users: number
  /** Components of each embedding; 384 unless given. */
  dimensions?: number
  /** How many memories to leave out at the front: a load that was interrupted goes on from there. */
  from?: number
}

/** The calendar of the set: one whole year. */
const PERIOD = { start: new Date('2025-01-01T00:00:00Z'), days: 365 }
/** Of four memories of a session, three are about what the session is about. */
const ON_SUBJECT = 0.75
const TURN_MS = 45_000

const CHANNELS = ['app', 'web', 'voice', 'mail', 'api']
/** Running sums of how often each source occurs: 70 % chat, 15 % tool, 5 % system, 10 % document. */
const SOURCE_BOUNDS = [0.7, 0.85, 0.9, 1]

const drawSource = (random: Random) => {
  const drawn = random.uniform()
  return SOURCES[SOURCE_BOUNDS.findIndex((bound) => drawn < bound)] as Source
}

/** Half of what is left goes to each channel in turn. */
const drawChannel = (random: Random) => CHANNELS[Math.clz32(random.bits()) % CHANNELS.length] as string

/** The mean of a uniform and a squared one: seldom vital, never all the same; three digits, as a person would give. */
const drawImportance = (random: Random) =>
  Math.round(1000 * ((random.uniform() + random.uniform() ** 2) / 2)) / 1000

function memoryAt(seed: number, index: number, plan: Schedule, vectors: VectorSource): SyntheticMemory {
  const session = sessionOf(plan, index)
  const turn = index - (plan.first[session] as number)
  const random = createRandom(seed, 11, index)
  // A session's subject is drawn as any memory's is, so that the whole set has the same themes as often.
  const cluster = vectors.clusterAt(random.uniform() < ON_SUBJECT ? (plan.first[session] as number) : index)
  const subject = subjectOf(cluster)
  const source = drawSource(random)
  const time = (plan.start[session] as number) + turn * TURN_MS + random.below(TURN_MS)
  const userId = `user-${(plan.user[session] as number) + 1}`
  return {
    userId,
    sessionId: `${userId}/session-${(plan.ordinal[session] as number) + 1}`,
    id: uuidAt(time, seed, index),
    content: writeText(random, source, subject),
    source,
    importance: drawImportance(random),
    metadata: { subject: subject.name, channel: drawChannel(random), turn, sample: random.below(1000) },
    createdAt: new Date(time),
    embedding: vectors.at(index, cluster),
  }
}

/**
 * Memories of many users, oldest conversation first: few users have most of them (Zipf), days and weeks have their
 * rhythm, sessions are bursts about one subject. `users` users have at least one memory each.
 *
 * @throws RangeError when there are fewer memories than users, or a number is not a natural one
 * @example
 * for (const memory of syntheticMemories({ seed: 1, memories: 100_000, users: 1000 })) await write(memory)
 */
export function* syntheticMemories(options: SyntheticOptions): Generator<SyntheticMemory, void, undefined> {
  const { seed, memories, users, dimensions = 384, from = 0 } = options
  for (const [name, value] of Object.entries({ memories, users, from })) {
    if (!Number.isInteger(value) || value < 0) throw new RangeError(`${name} is not a natural number`)
  }
  if (memories === 0) return
  const plan = planSessions(seed, memories, users, PERIOD)
  const vectors = createVectorSource({ seed, dimensions })
  for (let index = from; index < memories; index++) yield memoryAt(seed, index, plan, vectors)
}

/** Vectors that are in no set of `memories` memories or fewer, of the same kind: queries that were held out. */
export function heldOutQueries(options: {
  seed: number
  memories: number
  dimensions?: number
  count: number
}): Float32Array[] {
  const { seed, memories, dimensions = 384, count } = options
  const vectors = createVectorSource({ seed, dimensions })
  return Array.from({ length: count }, (_, i) => vectors.at(memories + i))
}
