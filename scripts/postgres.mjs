// A private PostgreSQL server with pgvector, for tests and benchmarks. `node scripts/postgres.mjs help` tells more.
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { foreground } from './child-process.mjs'
import {
  createCluster,
  isRunning,
  readCluster,
  removeCluster,
  restartCluster,
  stopCluster,
} from './server/cluster.mjs'
import { providePooler } from './server/pooler.mjs'
import { provideBinaries } from './server/provide.mjs'
import { startTemporaryServer } from './server/temporary-server.mjs'

const HELP = `A private PostgreSQL server with pgvector, in a folder of its own, on loopback only.

  node scripts/postgres.mjs start            starts it and prints its URL (role postgres, a superuser)
  node scripts/postgres.mjs url              prints the URL of the running server
  node scripts/postgres.mjs status           says whether it runs; exit code 3 when it does not
  node scripts/postgres.mjs stop             stops it and removes its folder; with --keep the data stays for 'start'
  node scripts/postgres.mjs run -- <command> starts another one for this command alone, with FUNES_TEST_DATABASE_URL
                                             set, and removes it when the command ends
  --dir <folder>  where the cluster is (default: one folder a checkout, under the system's temporary directory)
  --install       install what is missing from the distribution (Debian, Ubuntu, as root): PostgreSQL and pgvector, and
                  PgBouncer for the tests
  --fast          commits do not wait for the disk: for tests only, never to measure
  --immediate     stop as by a crash: the next start recovers what was committed
  --json          print everything known of the server as JSON
`

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string' },
    fast: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
    immediate: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
const [action = 'help', ...command] = positionals

function defaultFolder() {
  const checkout = createHash('sha256')
    .update(import.meta.dirname)
    .digest('hex')
    .slice(0, 8)
  return join(tmpdir(), `funes-postgres-${process.getuid?.() ?? 0}-${checkout}`)
}

const dir = options.dir ? resolve(options.dir) : defaultFolder()
const log = (line) => process.stderr.write(`${line}\n`)

function print(cluster) {
  const { password: _, ...shown } = cluster
  process.stdout.write(`${options.json ? JSON.stringify(shown, undefined, 2) : cluster.url}\n`)
}

async function start() {
  if (await isRunning(dir)) return print(readCluster(dir))
  if (readCluster(dir)?.pgvector) return print(await restartCluster(dir))
  await removeCluster(dir)
  const binaries = await provideBinaries({ install: options.install, log })
  await providePooler({ install: options.install, log })
  try {
    const cluster = await createCluster({ dir, binaries, fast: options.fast })
    log(`PostgreSQL ${cluster.version} with pgvector ${cluster.pgvector} runs in ${dir}`)
    print(cluster)
  } catch (error) {
    await removeCluster(dir)
    throw error
  }
}

async function run() {
  if (command.length === 0) throw new Error('Which command? node scripts/postgres.mjs run -- <command>')
  const binaries = await provideBinaries({ install: options.install, log })
  await providePooler({ install: options.install, log })
  const server = await startTemporaryServer({ binaries, fast: options.fast })
  log(`PostgreSQL ${server.version} with pgvector ${server.pgvector} on port ${server.port}`)
  try {
    const env = { ...process.env, FUNES_TEST_DATABASE_URL: server.url }
    process.exitCode = await foreground(command[0], command.slice(1), { env })
  } finally {
    await server.stop()
  }
}

async function status() {
  const running = await isRunning(dir)
  if (options.json) process.stdout.write(`${JSON.stringify({ dir, running })}\n`)
  else process.stdout.write(running ? `running in ${dir}\n` : `not running (${dir})\n`)
  if (!running) process.exitCode = 3
}

async function url() {
  if (!(await isRunning(dir)))
    throw new Error(`No server runs in ${dir}. Start it: node scripts/postgres.mjs start`)
  print(readCluster(dir))
}

const actions = {
  help: async () => process.stdout.write(HELP),
  run,
  start,
  status,
  stop: () => (options.keep ? stopCluster(dir, options) : removeCluster(dir)),
  url,
}
try {
  if (!Object.hasOwn(actions, action)) throw new Error(`Unknown command "${action}".\n\n${HELP}`)
  await actions[options.help ? 'help' : action]()
} catch (error) {
  log(error.message)
  process.exitCode = 1
}
