import { rm } from 'node:fs/promises'
import { relative } from 'node:path'
import { loadSotu, type SotuAddress } from '@funes/corpus/sotu'
import { createFunes, type Funes } from '@funes/db'
import type { Arguments } from './arguments.js'
import { type Answer, ask } from './ask.js'
import { createEncoder, type Encoder } from './encoder.js'
import { duration, median, whole } from './figures.js'
import { isLoaded, loadCorpus } from './load.js'
import { choosePlaces, type Places, ROOT } from './places.js'
import { createProgress } from './progress.js'
import { sceneOf } from './scene.js'
import type { Screen } from './screen.js'
import { showAnswer } from './show.js'

const WARM_ROUNDS = 20

const inRepository = (path: string) => (path.startsWith(ROOT) ? relative(ROOT, path) : path)

function sizes(addresses: readonly SotuAddress[]): string {
  const passages = addresses.reduce((sum, address) => sum + address.passages.length, 0)
  const presidents = new Set(addresses.map(({ president }) => president.id)).size
  return `${whole(passages)} passages from ${addresses.length} addresses by ${presidents} presidents`
}

async function open(places: Places, encoder: Encoder, fresh: boolean): Promise<Funes> {
  const options = { embedder: encoder, ...(places.dataDir !== undefined && { dataDir: places.dataDir }) }
  const funes = await createFunes(options)
  if (!fresh || places.dataDir === undefined) return funes
  // It could be opened, so no other process is at work in it: now it may go.
  await funes.close()
  await rm(places.dataDir, { recursive: true })
  await rm(places.cacheDir, { recursive: true, force: true })
  return createFunes(options)
}

async function load(
  funes: Funes,
  encoder: Encoder,
  screen: Screen,
  addresses: readonly SotuAddress[],
  signal: AbortSignal,
) {
  if (await isLoaded(funes, addresses)) {
    screen.print(`corpus    ${sizes(addresses)}, loaded before`)
    return
  }
  screen.print(`corpus    ${sizes(addresses)}`)
  const start = performance.now()
  const total = addresses.reduce((sum, { passages }) => sum + passages.length, 0)
  const progress = createProgress(screen, 'loading ', total)
  try {
    await loadCorpus(funes, encoder, addresses, { signal, onProgress: (done) => progress.update(done) })
  } finally {
    progress.end()
  }
  screen.print(
    `          embedded ${whole(encoder.encoded)}, stored in ${duration(performance.now() - start)}`,
  )
}

async function search(funes: Funes, encoder: Encoder, screen: Screen, args: Arguments): Promise<void> {
  if (args.question !== undefined) {
    showAnswer(screen, undefined, await ask(funes, encoder, { text: args.question }, 5))
    return
  }
  const { questions } = sceneOf(args.short)
  screen.print(screen.paint('bold', 'Searches: cosine distance, president and year, passage'))
  screen.print()
  const answers: Answer[] = []
  for (const [i, question] of questions.entries()) {
    const answer = await ask(funes, encoder, question, 3)
    answers.push(answer)
    showAnswer(screen, i + 1, answer)
  }
  // The first search of a process pays for plans and compilation; an agent that lives longer does not.
  const warm: number[] = []
  for (let round = 0; round < WARM_ROUNDS; round++) {
    for (const answer of answers) warm.push(await answer.repeat())
  }
  const first = duration(median(answers.map(({ searchMs }) => searchMs)))
  screen.print(
    `${questions.length} searches, p50 ${first} the first time, ${duration(median(warm))} when warm`,
  )
}

/** Runs the whole demonstration. @throws what opening, loading or searching throws; an AbortError after `signal` */
export async function runDemo(
  args: Arguments,
  screen: Screen,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const places = choosePlaces(args, env)
  if (args.fresh && !places.isOwn) {
    const reason =
      '--fresh deletes the directory of the demo only: empty a server, or FUNES_DATA_DIR, yourself.'
    throw Object.assign(new TypeError(reason), { code: 'ERR_NOT_OWN_DATA' })
  }
  screen.print(
    screen.paint('bold', 'Funes: two centuries of State of the Union addresses, searched by meaning'),
  )
  screen.print()
  const encoder = createEncoder(places.cacheDir)
  try {
    const start = performance.now()
    await using funes = await open(places, encoder, args.fresh)
    await funes.migrate()
    const { postgres, pgvector } = await funes.health()
    const where = places.dataDir === undefined ? 'server' : `embedded in ${inRepository(places.dataDir)}`
    const versions = screen.paint('dim', `PostgreSQL ${postgres?.split(' ')[0]}, pgvector ${pgvector}`)
    screen.print(`database  ${where}, ${versions}, ready in ${duration(performance.now() - start)}`)
    screen.print(`encoder   ${encoder.model}, ${encoder.dimensions} dimensions, in this process`)
    const addresses = await loadSotu(sceneOf(args.short).corpus)
    await load(funes, encoder, screen, addresses, signal)
    screen.print()
    await search(funes, encoder, screen, args)
    screen.print(`Ask for yourself:  npm run demo -- "your question"`)
  } finally {
    await encoder.close()
  }
}
