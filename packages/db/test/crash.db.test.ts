import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFunes, type Funes } from '../src/index.js'
import { type PrivateServer, startPrivateServer } from './private-server.js'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.js'
import { random, randomVector } from './vectors.js'

const next = random(33)
const memory = (content: string) => ({ userId: 'u', content, embedding: randomVector(next) })

/** Asks over a connection of its own, as soon as the server answers. */
async function ask(url: string, text: string): Promise<Record<string, string>[]> {
  while (true) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 500 })
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query(text)).rows
    } catch (error) {
      const { code } = error as { code?: string }
      if (code?.startsWith('57P') !== true && !/ECONN|terminat/.test(`${error}`)) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    } finally {
      await client.end().catch(() => {})
    }
  }
}

describe.skipIf(!process.env.FUNES_TEST_DATABASE_URL)(
  'a transaction whose COMMIT a crash has swallowed',
  () => {
    let server: PrivateServer | string
    let proxy: TcpProxy
    let funes: Funes

    beforeAll(async () => {
      server = await startPrivateServer()
      if (typeof server === 'string') return
      // Nobody but a commit writes the log to disk: so the id of a running transaction is lost with the server.
      await ask(server.url, "alter system set wal_writer_delay = '10s'")
      await ask(server.url, "alter system set bgwriter_delay = '10s'")
      await ask(server.url, 'select pg_reload_conf()')
      proxy = await createTcpProxy(server.url)
      funes = await createFunes({ url: proxy.url, preparedStatements: false })
      await funes.migrate()
      await funes.memories.add(memory('before'))
    })
    afterAll(async () => {
      await funes?.close({ deadlineMs: 1_000 })
      await proxy?.close()
      if (typeof server === 'object') await server.remove()
    })

    const crashes: Record<string, (server: PrivateServer) => Promise<void>> = {
      'of the server': async (of) => {
        await of.stop('immediate')
        await of.start()
      },
      'of one of its processes': async ({ url }) => {
        const [own] = await ask(url, "select pid from pg_stat_activity where application_name = 'funes'")
        process.kill(Number(own?.pid), 'SIGKILL')
      },
    }

    for (const [what, crash] of Object.entries(crashes)) {
      it(`is not taken for another that was given its id: ${what}`, async (context) => {
        if (typeof server === 'string') return context.skip(`no server that may be restarted: ${server}`)
        const running = server
        const { url } = running
        let id = 0n
        let isDown = false
        let isGivenAway = false
        let down: Promise<void> = Promise.resolve()
        async function crashAndGiveIdAway(): Promise<void> {
          await crash(running)
          for (let given = 0n; given < id; isGivenAway ||= given === id) {
            given = BigInt((await ask(url, 'select pg_current_xact_id()::text as id'))[0]?.id as string)
          }
        }
        // The server never hears of the COMMIT, and is heard of again when it has given the id to somebody else.
        proxy.cutWhen((sent) => {
          if (isDown) return 'before'
          if (!sent.includes('COMMIT')) return undefined
          isDown = true
          down = crashAndGiveIdAway().finally(() => proxy.cutWhen(() => undefined))
          return 'lost'
        })
        const outcome = await funes
          .transaction(async (tx) => {
            await tx.memories.add(memory(what))
            const [row] = await tx.prisma.$queryRaw<{ id: string }[]>`select pg_current_xact_id()::text as id`
            if (id === 0n) id = BigInt(row?.id ?? 0)
            return 'kept'
          })
          .catch((e: unknown) => e)
        await down
        if (!isGivenAway)
          return context.skip('the server had written the id to disk: it took too long to crash')
        const [of] = await ask(url, `select pg_xact_status('${id}'::xid8) as status`)
        expect(of).toEqual({ status: 'committed' })
        expect(outcome).toMatchObject({ code: 'TRANSACTION.UNKNOWN' })
        const { items } = await funes.memories.list({ userId: 'u' })
        expect(items.map(({ content }) => content)).toEqual(['before'])
      })
    }
  },
)
