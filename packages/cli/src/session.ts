import type { Funes, UserScope } from '@funes/db'
import { confirm } from './connection/confirm.js'
import { loadEmbedder } from './connection/embedder.js'
import {
  choosePlace,
  type Given,
  isThere,
  meaningAllUsers,
  noDatabase,
  type Place,
  placeName,
} from './connection/place.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import { cliError, isFault } from './fault.js'
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

/** What a command asks of the database that it opens. */
export interface Wanting {
  /** Makes the embedded database where there is none. */
  readonly create?: boolean
  /**
   * Whose rows are to be seen, where row-level security hides them: those of `everyone` unless given, which not every role may;
   * of one `user`, for whom the scope of that user will do; of `nobody`, where that makes no difference.
   */
  readonly rows?: 'everyone' | 'user' | 'nobody'
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
   * @throws `CLI.NO_DATABASE` for a folder without one, unless `create`; `CLI.ROWS_HIDDEN` when rows that are wanted are hidden
   */
  open(opening: Opening, wanting?: Wanting): Promise<Funes>
  /** The same for what concerns one user: the stores of all where they show that user's rows, else those of the user's scope. */
  openFor(opening: Opening, userId: string): Promise<Pick<Funes, 'memories'> | UserScope>
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

function rowsHidden() {
  return cliError(
    'CLI.ROWS_HIDDEN',
    'Row-level security hides the rows of users from the role of this connection.',
    'Use the url of the role that owns the tables, and of the server itself where a pooler such as PgBouncer stands before it: ' +
      'poolers do not let through what the command asks of its connection. `--user` needs neither, where a command has it.',
  )
}

export function createSession(
  io: Io,
  screen: Screen,
  redact: Redact,
  { signal, interrupt }: Interruption,
): Session {
  let opened: Funes | undefined
  let isHidden = false
  let progress: Progress | undefined

  async function connect(
    { model, embedder, ...given }: Opening,
    { create = false, rows = 'everyone' }: Wanting,
  ): Promise<Funes> {
    const place = choosePlace(given, io.env)
    if (place.kind === 'embedded' && !create && !isThere(place)) throw noDatabase(place)
    if (given.url !== undefined && redact(given.url) !== given.url)
      screen.say('warning: a password in --url can be read with ps; FUNES_DATABASE_URL keeps it from others.')
    const [{ createFunes }, encoder] = await Promise.all([
      import('@funes/db'),
      embedder === undefined ? undefined : loadEmbedder(embedder),
    ])
    signal.throwIfAborted()
    const options = {
      ...(encoder !== undefined && { embedder: encoder }),
      ...(model !== undefined && { model }),
      limits: LIMITS,
    }
    if (place.kind === 'embedded') return createFunes({ ...options, dataDir: place.dataDir })
    opened = await createFunes({ ...options, url: place.url })
    if (rows === 'nobody' || (await reach(opened)) === 'seen') return opened
    await opened.close()
    opened = await createFunes({ ...options, url: meaningAllUsers(place.url, io.env) })
    const reached = await reach(opened)
    isHidden = reached !== 'seen'
    if (isHidden && rows === 'everyone') throw rowsHidden()
    if (reached === 'refused') {
      // By a pooler that lets no options through: what is one user's can be had without.
      await opened.close()
      opened = await createFunes({ ...options, url: place.url })
    }
    return opened
  }

  /** What keeps it from being told, keeps the command from its work too: that says it better. */
  async function reach(funes: Funes) {
    try {
      return (await funes.tenancy.status({ signal })).allUsers
    } catch (error) {
      if (signal.aborted || (isFault(error) && exitCodeOf(error.code) === EXIT.unreachable)) throw error
      return isFault(error) && error.code === 'DB.POOLER' ? 'refused' : 'seen'
    }
  }

  async function open(opening: Opening, wanting: Wanting = {}): Promise<Funes> {
    opened ??= await connect(opening, wanting)
    return opened
  }

  return {
    io,
    screen,
    redact,
    signal,
    open,
    async openFor(opening, userId) {
      const funes = await open(opening, { rows: 'user' })
      return isHidden ? funes.as({ userId }) : funes
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
