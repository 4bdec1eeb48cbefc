import type { Funes } from '@funes/db'
import { confirm } from './connection/confirm.js'
import { loadEmbedder } from './connection/embedder.js'
import { choosePlace, type Given, isThere, noDatabase, type Place, placeName } from './connection/place.js'
import type { Interruption } from './interruption.js'
import type { Redact } from './redact.js'
import { createProgress, type Progress } from './screen/progress.js'
import type { Screen } from './screen/screen.js'

/** What surrounds the program. */
export interface Io {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
}

/** What the options of a command say about its database and its vectors. */
export interface Opening extends Given {
  readonly model?: string | undefined
  readonly embedder?: string | undefined
}

/** What a command works with: a database when it asks for one, a screen, and a way to be called off. */
export interface Session {
  readonly io: Io
  readonly screen: Screen
  readonly redact: Redact
  readonly signal: AbortSignal
  /**
   * Opens the database, once.
   *
   * @throws `CLI.NO_DATABASE` for a folder without one, unless `create`
   */
  open(opening: Opening, options?: { create?: boolean }): Promise<Funes>
  /** Which database that is, without its password. */
  placeOf(given: Given): Place & { readonly name: string }
  progress(title: string): Progress
  /** @throws `CLI.NOT_CONFIRMED` */
  confirm(question: string, isConfirmed: boolean): Promise<void>
  close(): Promise<void>
}

/** One command at a time: few connections are enough, for building an index while watching it too. */
const LIMITS = { maxConnections: 4 }
/** For how long calls that still run are waited for. */
const CLOSE_MS = 10_000
const INTERRUPTED_CLOSE_MS = 1000

export function createSession(
  io: Io,
  screen: Screen,
  redact: Redact,
  { signal, interrupt }: Interruption,
): Session {
  let opened: Funes | undefined
  let progress: Progress | undefined

  async function connect({ model, embedder, ...given }: Opening, create: boolean): Promise<Funes> {
    const place = choosePlace(given, io.env)
    if (place.kind === 'embedded' && !create && !isThere(place)) throw noDatabase(place)
    if (given.url !== undefined && redact(given.url) !== given.url)
      screen.say('warning: a password in --url can be read with ps; FUNES_DATABASE_URL keeps it from others.')
    const [{ createFunes }, encoder] = await Promise.all([
      import('@funes/db'),
      embedder === undefined ? undefined : loadEmbedder(embedder),
    ])
    signal.throwIfAborted()
    return createFunes({
      ...(place.kind === 'server' ? { url: place.url } : { dataDir: place.dataDir }),
      ...(encoder !== undefined && { embedder: encoder }),
      ...(model !== undefined && { model }),
      limits: LIMITS,
    })
  }

  return {
    io,
    screen,
    redact,
    signal,
    async open(opening, { create = false } = {}) {
      opened ??= await connect(opening, create)
      return opened
    },
    placeOf(given) {
      const place = choosePlace(given, io.env)
      return { ...place, name: placeName(place) }
    },
    progress(title) {
      progress = createProgress(screen, title)
      return progress
    },
    async confirm(question, isConfirmed) {
      if (!isConfirmed) await confirm(question, { ...io, signal, interrupt })
    },
    async close() {
      progress?.end()
      await opened?.close({ deadlineMs: signal.aborted ? INTERRUPTED_CLOSE_MS : CLOSE_MS })
    },
  }
}
