import type { PGlite } from '@electric-sql/pglite'
import { createCheckpointer } from './checkpointer.js'
import { type EmbeddedError, embeddedError } from './errors.js'
import { keepingExitCode, openDatabase } from './open-database.js'
import { endsReady, simpleQuery } from './wire.js'

/** A client's turn on PGlite's only session. */
export interface Turn {
  /**
   * Runs whole protocol messages and returns the whole answer.
   *
   * @throws `EMBEDDED.CRASHED`
   */
  run(batch: Buffer, ready: boolean): Promise<Answer>
  /** Makes the session as good as new for the next client. */
  end(): Promise<void>
}

export interface Answer {
  readonly bytes: Buffer
  /** Set when the session has ended with this answer. */
  readonly crash: EmbeddedError | undefined
}

/** PGlite, its clients one after another. */
export interface Engine {
  /**
   * Waits until the client before has gone. `isIdle` tells whether this client only keeps its place.
   *
   * @throws `EMBEDDED.BUSY` when the client before does not think of going, `EMBEDDED.CRASHED`
   */
  takeTurn(isIdle: () => boolean): Promise<Turn>
  close(): Promise<void>
}

function crashedError(dataDir: string | null, cause: unknown): EmbeddedError {
  return embeddedError('EMBEDDED.CRASHED', 'The embedded database has ended with a fatal error.', {
    fix:
      dataDir === null
        ? 'What was in memory is lost. End this pool and make a new one; see `cause`.'
        : 'Try again: the next connection restarts it, with everything that was committed. See `cause`.',
    meta: { dataDir },
    cause,
  })
}

function busyError(dataDir: string | null): EmbeddedError {
  return embeddedError('EMBEDDED.BUSY', 'The embedded database has one connection, and it is in use.', {
    fix: 'Use the pool that createEmbeddedPool returned instead of a connection beside it.',
    meta: { dataDir },
  })
}

/** Closes the files of a database that can no longer be asked to do so. */
function abandon(db: PGlite): void {
  try {
    ;(db.Module.FS as unknown as { quit(): void }).quit()
  } catch {
    // It has crashed: what it cannot close any more, the end of the process does.
  }
}

export async function createEngine(dataDir: string | null): Promise<Engine> {
  let db = await openDatabase(dataDir)
  let crash: EmbeddedError | undefined
  let isHolderIdle: (() => boolean) | undefined

  async function run(batch: Buffer, ready: boolean): Promise<Answer> {
    if (crash) throw crash
    const chunks: Buffer[] = []
    let failure: { cause: unknown } | undefined
    const onRawData = (chunk: Uint8Array) => {
      chunks.push(Buffer.from(chunk))
    }
    await keepingExitCode(() => db.execProtocolRawStream(batch, { onRawData })).catch((cause: unknown) => {
      failure = { cause }
    })
    const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
    if (failure !== undefined || (ready && !endsReady(bytes))) crash = crashedError(dataDir, failure?.cause)
    return { bytes, crash }
  }

  async function restart(): Promise<void> {
    if (dataDir === null) throw crash
    abandon(db)
    db = await openDatabase(dataDir)
    crash = undefined
  }

  const checkpointer = createCheckpointer(async (sql) => {
    if (!crash) await run(simpleQuery(sql), true)
  })

  return {
    async takeTurn(isIdle) {
      // It goes within a few rounds of the event loop, or not at all.
      while (isHolderIdle !== undefined) {
        if (isHolderIdle()) throw busyError(dataDir)
        await new Promise((resolve) => setImmediate(resolve))
      }
      isHolderIdle = isIdle
      try {
        if (crash) await restart()
      } catch (error) {
        isHolderIdle = undefined
        throw error
      }
      return {
        async run(batch, ready) {
          const answer = await run(batch, ready)
          if (!answer.crash) await checkpointer.afterRun(answer.bytes)
          return answer
        },
        async end() {
          try {
            if (!crash) await run(simpleQuery('rollback'), true)
            if (!crash) await run(simpleQuery('discard all'), true)
          } finally {
            isHolderIdle = undefined
          }
        },
      }
    },
    async close() {
      if (crash) abandon(db)
      else await keepingExitCode(() => db.close())
    },
  }
}
