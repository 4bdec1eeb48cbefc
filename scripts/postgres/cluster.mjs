// A private cluster: made, started and removed by whoever asks for it, never as root.
import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { totalmem } from 'node:os'
import { join } from 'node:path'

const MIB = 1024 * 1024

/** As root, a program runs as the system's `postgres` or, failing that, `nobody`: the server refuses root. */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined
  for (const user of ['postgres', 'nobody']) {
    const line = spawnSync('id', ['-u', user], { encoding: 'utf8' })
    if (line.status === 0)
      return {
        user,
        uid: Number(line.stdout),
        gid: Number(execFileSync('id', ['-g', user], { encoding: 'utf8' })),
      }
  }
  throw new Error('PostgreSQL does not run as root, and there is no other user to run it as.')
}

function run(who, command, args) {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    cwd: '/',
    ...(who && { uid: who.uid, gid: who.gid }),
    env: { ...process.env, HOME: '/tmp', LC_ALL: 'C' },
  })
  if (result.status !== 0)
    throw new Error(`${command} failed:\n${result.stderr || result.stdout || result.error}`)
  return result.stdout
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Settings for a machine that runs tests or benches beside its server. Durable unless `fast`. */
function settings(port, fast) {
  const memory = totalmem() / MIB
  const lines = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    'max_connections = 120',
    // An index that fits in shared_buffers is searched without a system call a page.
    `shared_buffers = ${Math.round(Math.min(4096, memory / 6))}MB`,
    // An HNSW build that outgrows this becomes several times slower.
    `maintenance_work_mem = ${Math.round(Math.min(2048, memory / 8))}MB`,
    'max_parallel_maintenance_workers = 2',
    'max_wal_size = 4GB',
    'checkpoint_timeout = 15min',
    'random_page_cost = 1.1',
    'jit = off',
    "timezone = 'UTC'",
    "log_timezone = 'UTC'",
  ]
  if (fast) lines.push('fsync = off', 'synchronous_commit = off', 'full_page_writes = off')
  return `${lines.join('\n')}\n`
}

/** Makes and starts a cluster in `dir`; returns the superuser's url. */
export async function startCluster({ bin }, dir, { fast = false } = {}) {
  const who = unprivileged()
  const data = join(dir, 'data')
  mkdirSync(dir, { recursive: true })
  if (who) chownSync(dir, who.uid, who.gid)
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const passwordFile = join(dir, 'password')
    const password = crypto.randomUUID().replaceAll('-', '')
    writeFileSync(passwordFile, password, { mode: 0o600 })
    if (who) chownSync(passwordFile, who.uid, who.gid)
    run(who, join(bin, 'initdb'), [
      '-D',
      data,
      '-U',
      'funes',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
    ])
    writeFileSync(join(data, 'postgresql.auto.conf'), settings(await freePort(), fast))
    writeFileSync(join(dir, 'bin'), bin)
  }
  run(who, join(bin, 'pg_ctl'), ['-D', data, '-w', '-t', '60', '-l', join(dir, 'log'), 'start'])
  return clusterUrl(dir)
}

export function clusterUrl(dir) {
  const port = /^port = (\d+)$/m.exec(readFileSync(join(dir, 'data/postgresql.auto.conf'), 'utf8'))?.[1]
  return `postgresql://funes:${readFileSync(join(dir, 'password'), 'utf8')}@127.0.0.1:${port}/postgres`
}

export function clusterRuns(dir) {
  return existsSync(join(dir, 'data/postmaster.pid'))
}

/** Stops the cluster, and removes it with everything in it when `remove` is set. */
export function stopCluster(dir, { remove = false } = {}) {
  if (clusterRuns(dir)) {
    run(unprivileged(), join(readFileSync(join(dir, 'bin'), 'utf8'), 'pg_ctl'), [
      '-D',
      join(dir, 'data'),
      '-m',
      'fast',
      '-w',
      'stop',
    ])
  }
  if (remove) rmSync(dir, { recursive: true, force: true })
}
