import { Duplex } from 'node:stream'
import type { PGlite } from '@electric-sql/pglite'
import { createMessageBuffer } from './message-buffer.js'

/**
 * What `pg` takes for a socket: bytes written go to PGlite's protocol, its answers come back to be read.
 * One such stream is one logical connection; `before` makes PGlite's one session look new to it.
 */
class PGliteStream extends Duplex {
  readonly #db: PGlite
  readonly #messages = createMessageBuffer()
  readonly #before: () => Promise<void>

  constructor(db: PGlite, before: () => Promise<void>) {
    super()
    this.#db = db
    this.#before = before
  }

  // The part of net.Socket that pg's Connection calls.
  connect(): this {
    this.#before().then(
      () => this.emit('connect'),
      (error: Error) => this.destroy(error),
    )
    return this
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  setTimeout(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const whole = this.#messages.push(chunk)
    if (whole === undefined) {
      done()
      return
    }
    this.#db.execProtocolRaw(whole).then((answer) => {
      if (answer.length > 0) this.push(Buffer.from(answer))
      done()
    }, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null)
    done()
  }
}

/** A stream for one logical connection to `db`. */
export function createPGliteStream(db: PGlite, before: () => Promise<void>): Duplex {
  return new PGliteStream(db, before)
}
