import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { capture } from '../child-process.mjs'
import { distributionMirror, installPackages, packageVersions, sourcesOf, unpackSource } from './apt.mjs'

/** Where a distribution keeps pgvector's source package, newest suite first. */
const SUITES = {
  Debian: {
    suites: ['unstable', 'testing', 'stable'],
    component: 'main',
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
  },
  Ubuntu: {
    suites: ['devel', 'noble'],
    component: 'universe',
    keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
  },
}

async function installBuildTools(major) {
  const server = (await packageVersions(`postgresql-${major}`)).installed
  const headers = `postgresql-server-dev-${major}`
  try {
    // The headers of exactly this server, so that building does not upgrade and restart it.
    await installPackages('build-essential', `${headers}=${server}`)
  } catch {
    await installPackages('build-essential', headers)
  }
}

async function buildFrom(suite, { origin, uri }, { folder: binaries }, workFolder) {
  const { component, keyring } = SUITES[origin]
  const folder = join(workFolder, suite)
  mkdirSync(folder)
  const options = await sourcesOf({ mirror: uri, suite, keyring, component, folder })
  await unpackSource('pgvector', options, folder)
  const source = readdirSync(folder).find((name) => /^pgvector-[\d.]+$/.test(name))
  if (!source) throw new Error('The source package did not unpack into a folder of its own.')
  const cwd = join(folder, source)
  // No OPTFLAGS: they would tie the library to this processor. No LLVM: it only matters to the JIT compiler.
  const make = [`PG_CONFIG=${join(binaries, 'pg_config')}`, 'OPTFLAGS=', 'with_llvm=no']
  await capture('make', [`-j${availableParallelism()}`, ...make], { cwd })
  await capture('make', [...make, 'install'], { cwd })
  return source.replace('pgvector-', '')
}

/**
 * Builds pgvector from the distribution's own source package, from the newest suite that can be read and built,
 * and installs it for `binaries`. Returns its version. Needs root and apt.
 * @throws Error with the reason for each suite when none could be built
 */
export async function buildPgvector(binaries, log) {
  const mirror = await distributionMirror()
  log('Installing a C compiler and the headers of PostgreSQL...')
  await installBuildTools(binaries.major)
  const workFolder = mkdtempSync(join(tmpdir(), 'funes-pgvector-'))
  const failures = []
  try {
    for (const suite of SUITES[mirror.origin].suites) {
      try {
        log(`Building pgvector from the sources of ${mirror.origin} ${suite}...`)
        return await buildFrom(suite, mirror, binaries, workFolder)
      } catch (error) {
        failures.push(`${suite}: ${error.message.slice(-1500)}`)
        log(`Not from ${suite}: ${error.message.trimEnd().split('\n').at(-1)}`)
      }
    }
  } finally {
    rmSync(workFolder, { recursive: true, force: true })
  }
  throw new Error(`pgvector could not be built.\n${failures.join('\n')}`)
}
