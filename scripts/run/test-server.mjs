import { findBinaries, hasPgvector } from '../server/binaries.mjs'
import { startTemporaryServer } from '../server/temporary-server.mjs'

const HOW_TO_ENABLE = [
  'set FUNES_TEST_DATABASE_URL=postgresql://user:password@host:port/database (a role that may create databases),',
  'or install PostgreSQL 14+ and pgvector: a private server is then started by itself;',
  'on Debian or Ubuntu, as root: node scripts/postgres.mjs run --install -- npm test',
]

/**
 * The real server to test on: the one FUNES_TEST_DATABASE_URL names, else a private one from installed binaries.
 * Returns `{ url, engine, missing, stop }`; without a server `url` is undefined and `missing` says why, by line.
 */
export async function findTestServer() {
  const url = process.env.FUNES_TEST_DATABASE_URL
  const nothing = async () => {}
  if (url) {
    return { url, engine: 'the PostgreSQL of FUNES_TEST_DATABASE_URL', missing: [], stop: nothing }
  }
  const none = (reason) => ({
    missing: [`the tests on a real PostgreSQL server: ${reason}.`, 'To run them:', ...HOW_TO_ENABLE],
    stop: nothing,
  })
  const binaries = await findBinaries()
  if (!binaries) return none('none is installed')
  if (!hasPgvector(binaries)) return none(`PostgreSQL ${binaries.version} is installed without pgvector 0.8`)
  try {
    // What a commit costs does not matter to a test, only to a measurement.
    const server = await startTemporaryServer({ binaries, fast: true })
    const engine = `PostgreSQL ${server.version} with pgvector ${server.pgvector}, a private server`
    return { url: server.url, engine, missing: [], stop: server.stop }
  } catch (error) {
    return none(`the installed one did not start (${error.message.trimEnd()})`)
  }
}
