import { createRandom, type Random } from './random.js'
import { SUBJECTS, type Subject } from './subjects.js'

export const SOURCES = ['chat', 'tool', 'system', 'document'] as const
export type Source = (typeof SOURCES)[number]

/** Characters of the middle text of each source, and how far lengths spread around it (sigma of the logarithm). */
const LENGTHS: Readonly<Record<Source, readonly [median: number, sigma: number]>> = {
  chat: [90, 0.75],
  tool: [220, 0.6],
  system: [120, 0.4],
  document: [320, 0.45],
}
const MIN_CHARACTERS = 15
const MAX_CHARACTERS = 2000

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)] as T

const ONSETS = ['b', 'br', 'd', 'f', 'g', 'h', 'k', 'l', 'm', 'n', 'p', 'r', 's', 'st', 't', 'v', 'w', 'z']
const RHYMES = ['a', 'an', 'ar', 'e', 'el', 'en', 'i', 'in', 'o', 'on', 'or', 'u', 'um', 'ell']

/** A name that few texts share: what makes a word search sharp. */
function drawName(random: Random): string {
  const syllables = Array.from(
    { length: 2 + random.below(2) },
    () => pick(random, ONSETS) + pick(random, RHYMES),
  )
  const name = syllables.join('')
  return name.charAt(0).toUpperCase() + name.slice(1)
}

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday', 'tomorrow']

const SENTENCES: readonly ((random: Random, subject: Subject) => string)[] = [
  (r, s) => `I want to ${pick(r, s.actions)} the ${pick(r, s.things)} before ${pick(r, DAYS)}.`,
  (r, s) => `${drawName(r)} asked me to ${pick(r, s.actions)} the ${pick(r, s.things)}.`,
  (r, s) => `Please remind me on ${pick(r, DAYS)} about the ${pick(r, s.things)}.`,
  (r, s) => `The ${pick(r, s.things)} costs ${5 + r.below(900)} euros, says ${drawName(r)}.`,
  (r, s) => `Last time the ${pick(r, s.things)} took ${2 + r.below(58)} minutes.`,
  (r, s) => `We never did ${pick(r, s.actions)} the ${pick(r, s.things)} at ${drawName(r)}.`,
  (r, s) => `Do you know how to ${pick(r, s.actions)} the ${pick(r, s.things)}?`,
  (r, s) => `For ${s.name}, ${drawName(r)} is the one to call.`,
  (r, s) => `No more ${pick(r, s.things)}, I would rather ${pick(r, s.actions)} the ${pick(r, s.things)}.`,
]

/** A text of `source` about the subject, as long as such texts are: 15 to 2,000 characters, whole sentences. */
export function writeText(random: Random, source: Source, subject: Subject): string {
  const [median, sigma] = LENGTHS[source]
  const drawn = median * Math.exp(sigma * random.gaussian())
  const wanted = Math.min(MAX_CHARACTERS, Math.max(MIN_CHARACTERS, drawn))
  let text = pick(random, SENTENCES)(random, subject)
  while (text.length < wanted) {
    const longer = `${text} ${pick(random, SENTENCES)(random, subject)}`
    // Ends on the nearer side, so that short texts do not all come out long.
    if (longer.length > MAX_CHARACTERS || longer.length - wanted > wanted - text.length) break
    text = longer
  }
  return text
}

/**
 * A chat text that is the same whenever it is asked for, about the subject of `cluster`, as
 * `VectorSource.clusterAt` tells it: so text and vector belong together.
 */
export function syntheticText({
  seed,
  index,
  cluster,
}: {
  seed: number
  index: number
  cluster: number
}): string {
  return writeText(createRandom(seed, index, 0x74657874), 'chat', subjectOf(cluster))
}

/** The name of the subject that texts and vectors of `cluster` are about. */
export const subjectAt = (cluster: number): string => subjectOf(cluster).name

/** The subject that vectors of a theme are about. */
export function subjectOf(cluster: number): Subject {
  return SUBJECTS[cluster % SUBJECTS.length] as Subject
}
