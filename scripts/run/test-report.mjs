import { existsSync, readFileSync, rmSync } from 'node:fs'
import { packageFolders } from './dependencies.mjs'

/** Where a package's vitest writes its report, in the package's folder. */
export const REPORT = '.turbo/test-report.json'

/** The packages that have tests to run: `{ name, folder }`. */
export function testedPackages() {
  return packageFolders()
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) }))
    .filter(({ scripts }) => scripts?.test !== undefined)
    .map(({ name, folder }) => ({ name, folder }))
}

/** Removes the reports of an earlier run. */
export function clearReports(packages) {
  for (const { folder } of packages) rmSync(`${folder}/${REPORT}`, { force: true })
}

/** True when a package's vitest has come to its end and its report is written out. */
export function hasReport({ folder }) {
  try {
    JSON.parse(readFileSync(`${folder}/${REPORT}`, 'utf8'))
    return true
  } catch {
    return false
  }
}

/**
 * What a package's vitest counted: `{ passed, failed, skipped }`. A file that could not be loaded counts as one
 * failed test, and so does a package whose vitest wrote no report.
 */
export function readReport(tested) {
  if (!hasReport(tested)) return { passed: 0, failed: 1, skipped: 0 }
  const report = JSON.parse(readFileSync(`${tested.folder}/${REPORT}`, 'utf8'))
  const isBroken = ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
  const failed = report.numFailedTests + report.testResults.filter(isBroken).length
  return {
    passed: report.numPassedTests,
    // An error outside every test fails the run without failing a test.
    failed: failed === 0 && !report.success ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** The log that turbo kept of a package's tests. */
export function testLog({ folder }) {
  const path = `${folder}/.turbo/turbo-test.log`
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
