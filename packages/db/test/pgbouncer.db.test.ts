import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFunes, isFunesError } from '../src/index.js'
import { emptyServerDatabase } from './engines.js'
import { random, randomVector } from './vectors.js'

const next = random(9)
const memory = (userId: string, content = 'x') => ({ userId, content, embedding: randomVector(next) })

function binary(): string | undefined {
  for (const path of ['pgbouncer', '/usr/sbin/pgbouncer']) {
    try {
      execFileSync(path, ['--version'], { stdio: 'ignore' })
      return path
    } catch {
      // The next one may be there.
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

/** A PgBouncer in transaction mode that shares few connections among many clients. */
async function startBouncer(program: string, to: string): Promise<{ url: string; stop: () => void }> {
  const target = new URL(to)
  const dir = mkdtempSync(join(tmpdir(), 'funes-pgbouncer-'))
  const port = await freePort()
  const { hostname, username } = target
  const password = decodeURIComponent(target.password)
  const database = `host=${hostname} port=${target.port} dbname=${target.pathname.slice(1)} user=${username} password=${password}`
  const settings = {
    ...{ listen_addr: '127.0.0.1', listen_port: port, unix_socket_dir: '', auth_type: 'any' },
    ...{ pool_mode: 'transaction', default_pool_size: 2, max_client_conn: 100, server_round_robin: 1 },
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  const file = join(dir, 'pgbouncer.ini')
  writeFileSync(file, `[databases]\nfunes = ${database}\n\n[pgbouncer]\n${lines.join('\n')}\n`)
  chmodSync(dir, 0o755)
  // As root it refuses to run.
  const args = process.getuid?.() === 0 ? ['-u', 'nobody', file] : [file]
  const child: ChildProcess = spawn(program, args, { stdio: 'ignore' })
  const stop = () => {
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  }
  for (let i = 0; i < 100 && !(await accepts(port)); i++) await new Promise((r) => setTimeout(r, 50))
  return { url: `postgresql://funes@127.0.0.1:${port}/funes`, stop }
}

const program = binary()
const reason = !process.env.FUNES_TEST_DATABASE_URL
  ? 'FUNES_TEST_DATABASE_URL names no server'
  : program === undefined
    ? 'pgbouncer is not installed'
    : undefined

describe.skipIf(reason !== undefined)(
  `behind PgBouncer in transaction mode${reason ? `: ${reason}` : ''}`,
  () => {
    let bouncer: { url: string; stop: () => void }
    let drop: () => Promise<unknown>
    let server: pg.Client

    beforeAll(async () => {
      const database = await emptyServerDatabase()
      drop = database.drop
      bouncer = await startBouncer(program as string, database.url)
      server = new pg.Client({ connectionString: database.url })
      await server.connect()
      const funes = await createFunes({ url: bouncer.url })
      await funes.migrate()
      await funes.close()
    })
    afterAll(async () => {
      bouncer?.stop()
      await server?.end()
      await drop?.()
    })

    for (const preparedStatements of [false, true]) {
      it(`works ${preparedStatements ? 'by giving up' : 'without'} prepared statements`, async () => {
        const funes = await createFunes({
          url: bouncer.url,
          preparedStatements,
          limits: { maxConnections: 8 },
        })
        const userId = `user-${preparedStatements}`
        const one = memory(userId, 'one')
        await funes.memories.add(one)
        const work = Array.from({ length: 60 }, async (_, i) => {
          if (i % 3 === 0) return funes.memories.add(memory(userId, `${i}`))
          if (i % 3 === 1) return funes.memories.search({ userId, embedding: one.embedding, k: 1 })
          return funes.transaction(async (tx) => {
            await tx.memories.add(memory(userId, `${i}`))
            await funes.sessions.start({ userId, id: `${i}` })
          })
        })
        await Promise.all(work)
        expect(await funes.memories.count({ userId })).toBe(41)
        const hits = await funes.memories.search({ userId, embedding: one.embedding, k: 1 })
        expect(hits[0]?.memory.content).toBe('one')
        expect(funes.pool).toMatchObject({ active: 0, waiting: 0, preparedStatements: false })
        await funes.close()
      })
    }

    it('bounds statements and transactions although no setting gets through', async () => {
      const limits = { statementTimeoutMs: 300, lockTimeoutMs: 250 }
      const funes = await createFunes({ url: bouncer.url, preparedStatements: false, limits })
      const { id } = await funes.memories.add(memory('bound'))
      await server.query('begin')
      await server.query('select 1 from memories where id = $1 for update', [id])
      const change = { userId: 'bound', id, importance: 0.1 }
      const startedAt = performance.now()
      await expect(funes.memories.update(change)).rejects.toSatisfy((e) => isFunesError(e, 'DB.TIMEOUT'))
      const inside = funes.transaction((tx) => tx.memories.update(change))
      await expect(inside).rejects.toSatisfy((e) => isFunesError(e, 'DB.LOCK_TIMEOUT'))
      await expect(funes.memories.update({ ...change, timeoutMs: 100 })).rejects.toSatisfy((e) =>
        isFunesError(e, 'CALL.TIMEOUT'),
      )
      expect(performance.now() - startedAt).toBeLessThan(5_000)
      await server.query('rollback')
      expect(await funes.memories.update(change)).toMatchObject({ version: 2 })
      // What one client set for itself must not be found by the next.
      const [setting] = await funes.prisma.$queryRaw<
        { limit: string }[]
      >`select current_setting('lock_timeout') as limit`
      expect(setting?.limit).toBe('0')
      await funes.close()
    })

    it('says what a pool of the caller’s own must leave out', async () => {
      const pool = new pg.Pool({ connectionString: bouncer.url, statement_timeout: 1000 })
      const funes = await createFunes({ pool })
      await expect(funes.memories.count({ userId: 'x' })).rejects.toSatisfy((e) =>
        isFunesError(e, 'DB.POOLER'),
      )
      await funes.close()
      await pool.end()
    })
  },
)
