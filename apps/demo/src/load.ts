import type { SotuAddress } from '@funes/corpus/sotu'
import type { AddMemory, Funes } from '@funes/db'
import type { Encoder } from './encoder.js'

/** Memories embedded and stored at a time: small enough for a steady bar. */
const BATCH = 32
/** Batches being embedded while one is stored: worker threads and database then work side by side. */
const AHEAD = 2

/** The first day of the year: the data set knows no nearer. */
const dateOf = (year: number) => new Date(Date.UTC(year, 0, 1))

function memoriesOf({ id, president, party, year, passages }: SotuAddress): AddMemory[] {
  return passages.map((passage) => ({
    userId: president.id,
    sessionId: id,
    content: passage.text,
    source: 'document',
    metadata: { president: president.name, party, year },
    createdAt: dateOf(year),
    // Loading again after a Ctrl-C stores what is missing and nothing twice.
    idempotencyKey: `sotu/${passage.id}`,
  }))
}

async function* embedded(
  memories: readonly AddMemory[],
  encoder: Encoder,
  signal: AbortSignal,
): AsyncGenerator<AddMemory> {
  const queue: Promise<AddMemory[]>[] = []
  for (let start = 0; start < memories.length || queue.length > 0; start += BATCH) {
    const batch = memories.slice(start, start + BATCH)
    if (batch.length > 0) {
      const texts = batch.map(({ content }) => content)
      const running = encoder
        .embed(texts, { signal })
        .then((vectors) => batch.map((memory, i) => ({ ...memory, embedding: vectors[i] as Float32Array })))
      // When loading stops early, nobody waits for the batches ahead any more.
      running.catch(() => undefined)
      queue.push(running)
    }
    if (queue.length > AHEAD || batch.length === 0) yield* (await queue.shift()) ?? []
  }
}

/** Whether every passage is there. Counted by president: other users may live in the same database. */
export async function isLoaded(funes: Funes, addresses: readonly SotuAddress[]): Promise<boolean> {
  const wanted = new Map<string, number>()
  for (const { president, passages } of addresses) {
    wanted.set(president.id, (wanted.get(president.id) ?? 0) + passages.length)
  }
  for (const [userId, count] of wanted) {
    if ((await funes.memories.count({ userId })) < count) return false
  }
  return true
}

export interface LoadOptions {
  signal: AbortSignal
  onProgress(done: number): void
}

/**
 * Stores the addresses: presidents as users, addresses as sessions, passages as memories.
 *
 * @returns how many passages were new.
 */
export async function loadCorpus(
  funes: Funes,
  encoder: Encoder,
  addresses: readonly SotuAddress[],
  { signal, onProgress }: LoadOptions,
): Promise<number> {
  for (const { president } of addresses)
    await funes.users.ensure({ id: president.id, metadata: { name: president.name } })
  for (const { id, president, party, year } of addresses) {
    const key = { userId: president.id, id }
    if (await funes.sessions.get(key)) continue
    const title = `State of the Union, ${year}`
    await funes.sessions.start({ ...key, title, startedAt: dateOf(year), metadata: { party, year } })
  }
  const memories = embedded(addresses.flatMap(memoriesOf), encoder, signal)
  const { added } = await funes.memories.addMany(memories, {
    batchSize: BATCH,
    onProgress: ({ done }) => onProgress(done),
  })
  return added
}
