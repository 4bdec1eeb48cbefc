import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { whyAbsent } from './at-hand.js'

/** A PgBouncer in front of a database of the test server. */
export interface Bouncer {
  readonly url: string
  stop(): void
}

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

const program = binary()

/** Why there can be none; undefined where there can. */
export const NO_BOUNCER = !process.env.FUNES_TEST_DATABASE_URL
  ? 'FUNES_TEST_DATABASE_URL names no server'
  : whyAbsent('pgbouncer', program !== undefined)

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

/** Starts one that shares few connections among many clients, each in turn. */
export async function startBouncer(to: string, mode: 'transaction' | 'session'): Promise<Bouncer> {
  const target = new URL(to)
  const dir = mkdtempSync(join(tmpdir(), 'funes-pgbouncer-'))
  const port = await freePort()
  const { hostname, username } = target
  const password = decodeURIComponent(target.password)
  const database = `host=${hostname} port=${target.port} dbname=${target.pathname.slice(1)} user=${username} password=${password}`
  const settings = {
    ...{ listen_addr: '127.0.0.1', listen_port: port, unix_socket_dir: '', auth_type: 'any' },
    ...{ pool_mode: mode, default_pool_size: mode === 'session' ? 8 : 2, max_client_conn: 100 },
    server_round_robin: 1,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  const file = join(dir, 'pgbouncer.ini')
  writeFileSync(file, `[databases]\nfunes = ${database}\n\n[pgbouncer]\n${lines.join('\n')}\n`)
  chmodSync(dir, 0o755)
  // As root it refuses to run.
  const args = process.getuid?.() === 0 ? ['-u', 'nobody', file] : [file]
  const child: ChildProcess = spawn(program as string, args, { stdio: 'ignore' })
  const stop = () => {
    child.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  }
  for (let i = 0; i < 100 && !(await accepts(port)); i++) await new Promise((r) => setTimeout(r, 50))
  return { url: `postgresql://funes@127.0.0.1:${port}/funes`, stop }
}
