import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { captureIfPossible } from '../child-process.mjs'
import { canInstallPackages, installPackages, packageVersions, updatePackageLists } from './apt.mjs'

/** What Debian's packages ask before they start a service: the one of PgBouncer is to be started by nobody. */
const POLICY = '/usr/sbin/policy-rc.d'

/** Whether PgBouncer is there. */
async function hasPooler() {
  for (const program of ['pgbouncer', '/usr/sbin/pgbouncer']) {
    if ((await captureIfPossible(program, ['--version'])) !== undefined) return true
  }
  return false
}

async function installPooler() {
  if ((await packageVersions('pgbouncer')).candidate === undefined) await updatePackageLists()
  const isOurs = !existsSync(POLICY)
  if (isOurs) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await installPackages('pgbouncer')
  } finally {
    if (isOurs) rmSync(POLICY)
  }
}

/**
 * Installs PgBouncer from the distribution where `install` says so and it is missing: the tests behind a pooler need it, and
 * nothing else does. Says so where it cannot be had, and goes on.
 */
export async function providePooler({ install = false, log = () => {} } = {}) {
  if (!install || (await hasPooler())) return
  if (!(await canInstallPackages())) return log('PgBouncer is missing: tests behind a pooler are skipped.')
  log('Installing pgbouncer...')
  try {
    await installPooler()
  } catch (error) {
    const reason = error.message.trimEnd().split('\n').at(-1)
    log(`PgBouncer cannot be installed, so tests behind a pooler are skipped: ${reason}`)
  }
}
