import { Duplex } from 'node:stream'
import { dropCopyInResponses } from './copy-in.js'
import { createDialogue, type Step } from './dialogue.js'
import type { Engine, Turn } from './engine.js'
import { letOthersRun } from './event-loop.js'
import { createMessageReader } from './message-reader.js'

/** What `pg` takes for a socket: bytes written go to PGlite, its answers come back to be read. */
class PGliteStream extends Duplex {
  readonly #engine: Engine
  readonly #reader = createMessageReader()
  readonly #dialogue = createDialogue()
  #turn: Turn | undefined
  #terminated = false

  constructor(engine: Engine) {
    super()
    this.#engine = engine
  }

  // The part of net.Socket that pg's Connection calls.
  connect(): this {
    const isIdle = () => !this.#terminated && !this.destroyed && this.writableLength === 0
    this.#engine.takeTurn(isIdle).then(
      async (turn) => {
        if (this.destroyed) return turn.end()
        this.#turn = turn
        this.emit('connect')
      },
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
    this.#take(chunk).then(() => done(), done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#take(Buffer.concat(chunks.map(({ chunk }) => chunk))).then(() => done(), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const turn = this.#turn
    this.#turn = undefined
    if (turn === undefined) done(error)
    else turn.end().then(() => done(error), done)
  }

  async #take(chunk: Buffer): Promise<void> {
    for (const message of this.#reader.push(chunk)) {
      for (const step of this.#dialogue.accept(message)) await this.#do(step)
    }
  }

  async #do(step: Step): Promise<void> {
    if (step.kind === 'terminate') {
      this.#terminated = true
      return
    }
    if (step.kind === 'reply') {
      this.push(step.bytes)
      return
    }
    // Destroyed while it waited: what comes late is not run.
    if (this.#turn === undefined) return
    const { bytes, crash } = await this.#turn.run(step.batch, step.ready)
    await letOthersRun()
    if (this.destroyed) return
    if (bytes.length > 0) this.push(step.copiedIn ? dropCopyInResponses(bytes) : bytes)
    if (crash) throw crash
  }
}

/** A stream for one client of `engine`. */
export function createPGliteStream(engine: Engine): Duplex {
  return new PGliteStream(engine)
}
