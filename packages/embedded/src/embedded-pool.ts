import pg from 'pg'
import type { Engine } from './engine.js'
import { createPGliteStream } from './pglite-stream.js'

/** A `pg.Pool` of exactly one connection, to a Postgres in this process. */
export interface EmbeddedPool extends pg.Pool {
  /** The absolute path of the data directory; null in memory. */
  readonly dataDir: string | null
}

type ConnectCallback = Parameters<pg.Pool['connect']>[0]

/** pg's pool, but one whose `end` lets what was asked for before it finish, and can be called again. */
class PGlitePool extends pg.Pool implements EmbeddedPool {
  readonly dataDir: string | null
  readonly #close: () => Promise<void>
  #waiting = 0
  #ending: Promise<void> | undefined
  #onDrained: (() => void) | undefined

  constructor(engine: Engine, dataDir: string | null, close: () => Promise<void>) {
    super({
      // All that pg would else take from the environment and then ask of a server.
      host: 'localhost',
      port: 5432,
      user: 'postgres',
      database: 'postgres',
      password: '',
      ssl: false,
      max: 1,
      idleTimeoutMillis: 0,
      allowExitOnIdle: true,
      stream: () => createPGliteStream(engine) as never,
    })
    this.dataDir = dataDir
    this.#close = close
    // An idle connection that breaks is replaced by the next; without a listener it would end the process.
    this.on('error', () => {})
  }

  override connect(): Promise<pg.PoolClient>
  override connect(callback: ConnectCallback): void
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        this.connect((error, client) => (error ? reject(error) : resolve(client as pg.PoolClient)))
      })
    }
    if (this.#ending) {
      callback(new Error('Cannot use a pool after calling end on the pool'), undefined, () => {})
      return
    }
    this.#waiting += 1
    super.connect((error, client, release) => {
      this.#waiting -= 1
      if (this.#waiting === 0) this.#onDrained?.()
      callback(error, client, release)
    })
  }

  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: (error?: unknown) => void): Promise<void> | undefined {
    this.#ending ??= this.#drainAndClose()
    if (callback === undefined) return this.#ending
    this.#ending.then(() => callback(), callback)
  }

  async #drainAndClose(): Promise<void> {
    if (this.#waiting > 0) {
      // pg's own end() forgets those who wait for a connection: their promises never settle.
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve
      })
    }
    try {
      await super.end()
    } finally {
      await this.#close()
    }
  }
}

export function createPool(engine: Engine, dataDir: string | null, close: () => Promise<void>): EmbeddedPool {
  return new PGlitePool(engine, dataDir, close)
}
