import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'

/**
 * What becomes of a connection on which the client has sent something: `before` cuts it before the server hears of that,
 * `after` once the server has answered, of which the client hears nothing, and `lost` cuts nothing: it is waited for the
 * server, which has heard of nothing.
 */
export type Cut = 'before' | 'after' | 'lost'

/** A TCP proxy to a server that cuts connections where it is told to. */
export interface TcpProxy {
  readonly url: string
  /** How many connections were cut. */
  readonly cuts: number
  /** Asked about everything that clients send, until told otherwise. */
  cutWhen(decide: (sent: Buffer) => Cut | undefined): void
  /** Cuts the next connection on which `text` is sent, and no other. */
  cutOnce(text: string, cut: Cut): void
  close(): Promise<void>
}

export async function createTcpProxy(to: string): Promise<TcpProxy> {
  const target = new URL(to)
  const sockets = new Set<Socket>()
  let decide: (sent: Buffer) => Cut | undefined = () => undefined
  let cuts = 0

  const server = createServer((client) => {
    const upstream = dial(Number(target.port), target.hostname)
    let isMute = false
    const cut = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', cut)
      socket.on('close', () => {
        sockets.delete(socket)
        cut()
      })
    }
    client.on('data', (sent) => {
      const how = isMute ? undefined : decide(sent)
      if (how !== undefined) cuts += 1
      if (how === 'before') return cut()
      if (how === 'lost') return
      isMute ||= how === 'after'
      upstream.write(sent)
    })
    upstream.on('data', (answer) => {
      if (isMute) cut()
      else client.write(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(to)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)

  return {
    url: url.toString(),
    get cuts() {
      return cuts
    },
    cutWhen(next) {
      decide = next
    },
    cutOnce(text, cut) {
      decide = (sent) => {
        if (!sent.includes(text)) return undefined
        decide = () => undefined
        return cut
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
