import { stripVTControlCharacters } from 'node:util'
import { toolEnvironment } from './environment.mjs'
import { collect, secondsSince } from './progress.mjs'
import { clearReports, hasReport, REPORT, readReport, testedPackages, testLog } from './test-report.mjs'
import { findTestServer } from './test-server.mjs'
import { turboCommand } from './turbo.mjs'

const say = (line) => process.stdout.write(`${line}\n`)
const inWords = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`

function testCommand(vitestArguments) {
  const turbo = [
    // Always executed: a result out of the cache would not be a test of this machine and its server.
    ...['test', '--only', '--force', '--continue=always'],
    // One package at a time: vitest itself uses every core, and an embedded Postgres is heavy.
    ...['--concurrency=1', '--output-logs=full', '--log-order=grouped', '--ui=stream'],
  ]
  const vitest = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`]
  // A name or file pattern may select nothing in some of the packages.
  const selection = vitestArguments.length > 0 ? ['--passWithNoTests', ...vitestArguments] : []
  return turboCommand(...turbo, '--', ...vitest, ...selection)
}

/** Says a line for each package as its report appears. Returns `end()`, and `finish()` that says the rest first. */
function followReports(packages) {
  const waiting = new Set(packages)
  const width = Math.max(...packages.map(({ name }) => name.length))
  let start = performance.now()
  const tell = (tested) => {
    waiting.delete(tested)
    say(`  ${tested.name.padEnd(width)}  ${inWords(readReport(tested))}  (${secondsSince(start)})`)
    start = performance.now()
  }
  const timer = setInterval(() => {
    for (const tested of waiting) if (hasReport(tested)) tell(tested)
  }, 250)
  const end = () => clearInterval(timer)
  return {
    end,
    finish() {
      end()
      for (const tested of waiting) tell(tested)
    },
  }
}

function sum(counts) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const count of counts) for (const key of Object.keys(total)) total[key] += count[key]
  return total
}

function summarise({ packages, server, total, exitCode, output }) {
  const failing = packages.filter((tested) => readReport(tested).failed > 0)
  for (const tested of failing) {
    const log = testLog(tested).trimEnd()
    // Turbo asks its tasks for colours even where their output goes into a file.
    say(`\n--- ${tested.name} ---\n${process.stdout.isTTY ? log : stripVTControlCharacters(log)}`)
  }
  // Turbo itself failed, before or beside the tests.
  if (exitCode !== 0 && failing.length === 0) say(`\n${output.trimEnd()}`)
  say(`\nTested ${packages.map(({ name }) => name).join(', ')}`)
  say(`on the embedded engine (PGlite in this process)${server.url ? ` and on ${server.engine}` : ''}.`)
  if (server.missing.length > 0) say(`\nNot run: ${server.missing.join('\n  ')}\n`)
  say(inWords(total))
}

/**
 * Runs the tests of every package, on a real server too where there is one, and says what was run and what was
 * not; the last line is the sum, as `12 passed, 0 failed, 1 skipped`. Returns an exit code.
 */
export async function runTests(vitestArguments) {
  const packages = testedPackages()
  clearReports(packages)
  const server = await findTestServer()
  try {
    say(
      `Testing${server.url ? ` on the embedded engine and on ${server.engine}` : ' on the embedded engine'}...`,
    )
    const { end, finish } = followReports(packages)
    const env = { ...toolEnvironment(), ...(server.url && { FUNES_TEST_DATABASE_URL: server.url }) }
    const { exitCode, output, interrupted } = await collect(...testCommand(vitestArguments), env)
    end()
    if (interrupted) {
      say(`Stopped by ${interrupted} before the end.`)
      return exitCode
    }
    finish()
    const total = sum(packages.map(readReport))
    if (exitCode !== 0 && total.failed === 0) total.failed = 1
    summarise({ packages, server, total, exitCode, output })
    return exitCode || (total.failed > 0 ? 1 : 0)
  } finally {
    await server.stop()
  }
}
