import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { toolEnvironment } from './environment.mjs'
import { runStep } from './progress.mjs'
import { findTestServer } from './test-server.mjs'

const db = (...files) => ({ folder: 'packages/db', files })
const embedded = (...files) => ({ folder: 'packages/embedded', files })

/** Tests whose size the suite keeps small, at the size that they are meant for. Each by its name. */
const TRUST_STEPS = {
  fault: {
    title: '2,000 writes and 2,000 searches while backends die, the server restarts, connections are cut',
    ...db('test/fault.db.test.ts', 'test/crash.db.test.ts'),
    env: { FUNES_TEST_FAULT_WRITES: '2000' },
    needsServer: true,
  },
  overload: {
    title: 'Ten times as many calls as the pool has connections',
    ...db('test/overload.db.test.ts'),
    env: {},
  },
  hostile: {
    title: '20,000 hostile inputs on each engine, half of them under row-level security',
    ...db('test/isolation.db.test.ts'),
    env: { FUNES_TEST_HOSTILE_RUNS: '10000', FUNES_TEST_ISOLATION_RUNS: '200' },
  },
  kills: {
    title: '50 kills of a process that writes through Funes into the embedded engine',
    ...db('test/kill.db.test.ts'),
    env: { FUNES_TEST_KILLS: '50' },
  },
  engine: {
    title: '50 kills of a process that writes into the embedded engine itself, in two ways',
    ...embedded('test/kill.db.test.ts', 'test/durability.db.test.ts'),
    env: { FUNES_TEST_KILLS: '50', FUNES_CRASH_ROUNDS: '50' },
  },
  archive: {
    title: 'Export, wipe, import; kills in the middle of an export',
    ...db('test/archive.db.test.ts', 'test/archive-kill.db.test.ts'),
    env: { FUNES_TEST_ARCHIVE_ROWS: '5000', FUNES_TEST_ARCHIVE_KILL: 'all' },
  },
  lifecycle: {
    title: 'Purge, sweep and forgetting at size',
    ...db('test/purge.db.test.ts', 'test/sweep.db.test.ts', 'test/forget.db.test.ts'),
    env: { FUNES_TEST_PURGE_ROWS: '20000', FUNES_TEST_SWEEP_ROWS: '50000', FUNES_TEST_FORGET_RUNS: '300' },
  },
  replica: {
    title: 'doctor on a streaming replica, cut off and back',
    ...db('test/doctor-replica.db.test.ts'),
    env: { FUNES_TEST_REPLICA: '1' },
    needsServer: true,
  },
}

/** What the tests printed of their figures. */
function figuresIn(output) {
  const lines = stripVTControlCharacters(output).split('\n')
  return lines.flatMap((line, i) => {
    if (!line.startsWith('stdout | ')) return []
    const end = lines.indexOf('', i)
    return lines.slice(i + 1, end === -1 ? undefined : end)
  })
}

const countIn = (output) => /^\s*Tests\s+(.*)$/m.exec(stripVTControlCharacters(output))?.[1] ?? 'no tests'

/**
 * Runs the steps that are named, all of them unless any is, and says after each what it came to. A step that cannot be run here
 * has failed. Returns an exit code.
 */
export async function runTrust(names) {
  const unknown = names.filter((name) => !Object.hasOwn(TRUST_STEPS, name))
  if (unknown.length > 0)
    throw new Error(`There is no ${unknown.join(', ')}: choose of ${Object.keys(TRUST_STEPS).join(', ')}.`)
  const chosen = names.length > 0 ? names : Object.keys(TRUST_STEPS)
  const server = await findTestServer()
  const failed = []
  try {
    for (const [i, name] of chosen.entries()) {
      const { title, folder, files, env, needsServer = false } = TRUST_STEPS[name]
      if (needsServer && !server.url) {
        console.log(`${name}: not run. ${server.missing.join(' ')}`)
        failed.push(name)
        continue
      }
      const vitest = join(folder, 'node_modules/vitest/vitest.mjs')
      const { exitCode, output } = await runStep(
        `[${i + 1}/${chosen.length}] ${title}`,
        process.execPath,
        [vitest, 'run', '--root', folder, '--testTimeout=14400000', ...files],
        {
          // A size that is given from outside comes before that of the step; and whatever is not there to be tested with, is a failure.
          env: {
            ...env,
            ...toolEnvironment(),
            ...(server.url && { FUNES_TEST_DATABASE_URL: server.url }),
            CI: 'true',
          },
        },
      )
      for (const line of figuresIn(output)) console.log(`  ${line}`)
      console.log(`  ${name}: ${countIn(output)}`)
      if (exitCode !== 0) failed.push(name)
    }
  } finally {
    await server.stop()
  }
  console.log(failed.length === 0 ? 'All of it holds.' : `Failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}
