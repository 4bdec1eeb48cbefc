import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { CommandError, capture, captureIfPossible } from '../child-process.mjs'
import { serverAccount } from './account.mjs'
import { settingsFor } from './settings.mjs'

const DATABASE = 'funes'
const START_ATTEMPTS = 3

const dataFolder = (dir) => join(dir, 'data')
const stateFile = (dir) => join(dir, 'cluster.json')
const logFile = (dir) => join(dir, 'server.log')

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

function writeCluster(cluster) {
  writeFileSync(stateFile(cluster.dir), `${JSON.stringify(cluster, undefined, 2)}\n`, { mode: 0o600 })
}

/** What is known of the cluster in `dir` (url, port, versions, ...), or undefined when there is none. */
export function readCluster(dir) {
  return existsSync(stateFile(dir)) ? JSON.parse(readFileSync(stateFile(dir), 'utf8')) : undefined
}

/** True when the cluster in `dir` has a running server. */
export async function isRunning(dir) {
  const cluster = readCluster(dir)
  if (!cluster) return false
  const options = { account: await serverAccount(), cwd: dir }
  const status = await captureIfPossible(
    join(cluster.binaries, 'pg_ctl'),
    ['status', '-D', dataFolder(dir)],
    options,
  )
  return status !== undefined
}

/** Runs one SQL script in the cluster and returns psql's unaligned output. */
function runSql(cluster, sql, database = DATABASE) {
  const env = {
    ...process.env,
    PGHOST: '127.0.0.1',
    PGPORT: String(cluster.port),
    PGUSER: 'postgres',
    PGPASSWORD: cluster.password,
    PGDATABASE: database,
  }
  const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1']
  return capture(join(cluster.binaries, 'psql'), args, { env, input: sql })
}

async function initialise(dir, binaries, account) {
  const password = randomBytes(18).toString('base64url')
  const passwordFile = join(dir, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (account) chownSync(passwordFile, account.uid, account.gid)
  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'en_US.UTF-8'
  const args = [
    ...['-D', dataFolder(dir), '-U', 'postgres', '-E', 'UTF8', `--locale=${locale}`],
    ...['-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync'],
  ]
  await capture(join(binaries.folder, 'initdb'), args, { account, cwd: dir })
  rmSync(passwordFile)
  return password
}

/** Starts the server of `dir` and waits until it accepts connections. */
function launch(dir, binariesFolder, account) {
  return new Promise((resolve, reject) => {
    const args = ['start', '-D', dataFolder(dir), '-l', logFile(dir), '-w', '-t', '60']
    // Its output is not read: the server would inherit the pipe and hold it open for its whole life.
    // Detached: a Ctrl-C in the terminal must not reach the server.
    const options = { ...account, cwd: dir, stdio: 'ignore', detached: true }
    const child = spawn(join(binariesFolder, 'pg_ctl'), args, options)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (code === 0) return resolve()
      const log = existsSync(logFile(dir)) ? readFileSync(logFile(dir), 'utf8') : ''
      reject(new CommandError('pg_ctl start', code ?? signal, log.slice(-4000)))
    })
  })
}

async function launchOnFreePort(cluster, binaries, { account, fast }) {
  for (let attempt = 1; ; attempt++) {
    cluster.port = await freePort()
    const configuration = join(dataFolder(cluster.dir), 'postgresql.auto.conf')
    const { dir, port } = cluster
    writeFileSync(configuration, settingsFor({ port, socketFolder: dir, pgvector: binaries.pgvector, fast }))
    try {
      return await launch(cluster.dir, cluster.binaries, account)
    } catch (error) {
      // Another program may have taken the port between the question and the start.
      if (attempt === START_ATTEMPTS || !/Address already in use/.test(error.output ?? '')) throw error
    }
  }
}

/**
 * Makes a new cluster in `dir` (an empty or missing folder) and starts its server, on loopback and on a socket
 * in `dir`, with a random port and password. Returns `{ url, dir, port, version, pgvector, ... }`.
 * @throws CommandError when a PostgreSQL program fails, with the end of the server's log
 */
export async function createCluster({ dir, binaries, fast }) {
  const account = await serverAccount()
  // Closed to other users, as it holds the password.
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (readdirSync(dir).length > 0) throw new Error(`${dir} is not empty: a new cluster needs its own folder.`)
  if (account) chownSync(dir, account.uid, account.gid)
  const cluster = { dir, binaries: binaries.folder, version: binaries.version }
  // Written first: from here on the folder can be recognised, stopped and removed.
  writeCluster(cluster)
  cluster.password = await initialise(dir, binaries, account)
  await launchOnFreePort(cluster, binaries, { account, fast })
  cluster.url = `postgresql://postgres:${cluster.password}@127.0.0.1:${cluster.port}/${DATABASE}`
  await runSql(cluster, `create database ${DATABASE}`, 'postgres')
  // Using the library is the only proof that it fits this server and this processor.
  const probe = `begin;
    create extension vector;
    select '[1,2,3]'::vector <=> '[3,2,1]';
    select extversion from pg_extension where extname = 'vector';
    rollback`
  cluster.pgvector = (await runSql(cluster, probe)).trim().split('\n').at(-1)
  writeCluster(cluster)
  return cluster
}

/** Starts the stopped server of an existing cluster again, on the port it had. */
export async function restartCluster(dir) {
  const cluster = readCluster(dir)
  await launch(dir, cluster.binaries, await serverAccount())
  return cluster
}

/**
 * Stops the server of `dir` if it runs; sessions still open are ended, the data stays. With `immediate` it is stopped as by a
 * crash: the next start recovers what was committed.
 */
export async function stopCluster(dir, { immediate = false } = {}) {
  const cluster = readCluster(dir)
  if (!cluster || !existsSync(join(dataFolder(dir), 'postmaster.pid'))) return
  const stop = (mode) => ['stop', '-D', dataFolder(dir), '-m', mode, '-w', '-t', '30']
  const options = { account: await serverAccount(), cwd: dir }
  const program = join(cluster.binaries, 'pg_ctl')
  const stopped = immediate ? undefined : await captureIfPossible(program, stop('fast'), options)
  if (stopped === undefined && (await isRunning(dir))) await capture(program, stop('immediate'), options)
}

/** Stops the server of `dir` and removes the folder; a folder that holds no private cluster is left alone. */
export async function removeCluster(dir) {
  if (!readCluster(dir)) return
  await stopCluster(dir)
  rmSync(dir, { recursive: true, force: true })
}
