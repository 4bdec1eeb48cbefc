import pg from 'pg'

/** What of pg's client its types leave out. */
interface Internals {
  readonly connection?: { readonly stream?: { destroy(): unknown } }
  readonly processID?: number | null
  readonly secretKey?: number | null
  readonly readyForQuery?: boolean
}

/** What of pg's connection its types leave out. */
interface Wire {
  readonly stream: { destroy(): unknown }
  on(event: string, listener: () => void): unknown
  connect(port: number | string, host?: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
}

const CANCEL_TIMEOUT_MS = 2_000

/** Whether a statement is under way on the connection. */
export const isBusy = (client: pg.ClientBase): boolean =>
  (client as unknown as Internals).readyForQuery === false

/** Ends the connection at once, without a word to the server. */
export function destroy(client: pg.ClientBase): void {
  ;(client as unknown as Internals).connection?.stream?.destroy()
}

/**
 * Asks the server to cancel what runs on `client`, over a connection of its own, as the protocol wants it: a pooler in
 * between knows what to do with it. Settles when the server has heard of it, or cannot be told.
 */
export function requestCancel(options: pg.PoolConfig, client: pg.ClientBase): Promise<void> {
  const { processID, secretKey } = client as unknown as Internals
  if (typeof processID !== 'number' || typeof secretKey !== 'number') return Promise.resolve()
  return new Promise((resolve) => {
    // Only for what it makes of the options: the host, the port, and how to speak to them.
    const other = new pg.Client(options)
    const wire = other.connection as unknown as Wire
    const timer = setTimeout(() => wire.stream.destroy(), CANCEL_TIMEOUT_MS)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    const say = () => wire.cancel(processID, secretKey)
    const { sslNegotiation } = other as unknown as { sslNegotiation?: string }
    wire.on('connect', () => {
      if (!other.ssl) say()
      else if (sslNegotiation !== 'direct') wire.requestSsl()
    })
    wire.on('sslconnect', say)
    wire.on('error', () => wire.stream.destroy())
    wire.on('end', done)
    if (other.host.startsWith('/')) wire.connect(`${other.host}/.s.PGSQL.${other.port}`)
    else wire.connect(other.port, other.host)
  })
}
