// Installs PostgreSQL and pgvector on Debian and Ubuntu, as root, from the distribution alone.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPostgres } from './binaries.mjs'

/** Suites whose pgvector is tried in turn, the newest first: releases before 0.8.2 have known faults. */
const SOURCE_SUITES = ['sid', 'forky', 'trixie']

function run(command, args, options = {}) {
  // What these print is for the log, never for a caller that reads our own answer from standard output.
  execFileSync(command, args, {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    ...options,
  })
}

function packageExists(name) {
  try {
    return /Candidate: \d/.test(execFileSync('apt-cache', ['policy', name], { encoding: 'utf8' }))
  } catch {
    return false
  }
}

const install = (...packages) =>
  run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages])

/** The mirror and keyring that this machine's own package sources name. */
function ownMirror() {
  const dir = '/etc/apt/sources.list.d'
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(dir)
      ? readdirSync(dir)
          .sort()
          .map((name) => join(dir, name))
      : []),
  ]
  for (const file of files.filter((name) => existsSync(name))) {
    const text = readFileSync(file, 'utf8')
    const uri =
      /^URIs:\s*(\S+)/m.exec(text)?.[1] ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+\/debian\/?)\s/m.exec(text)?.[1]
    if (uri !== undefined && /\/debian\/?$/.test(uri)) {
      return {
        uri,
        keyring: /^Signed-By:\s*(\S+)/m.exec(text)?.[1] ?? '/usr/share/keyrings/debian-archive-keyring.gpg',
      }
    }
  }
  throw new Error('No Debian mirror is configured on this machine; install pgvector by hand.')
}

/** Builds pgvector from Debian's own source package, its signature checked by apt, the machine's sources left alone. */
function buildPgvector(major, bin) {
  install(`postgresql-server-dev-${major}`, 'build-essential')
  const { uri, keyring } = ownMirror()
  const dir = mkdtempSync(join(tmpdir(), 'funes-pgvector-'))
  try {
    mkdirSync(join(dir, 'lists/partial'), { recursive: true })
    const source = downloadSource(dir, uri, keyring)
    const build = join(dir, 'build')
    mkdirSync(build)
    run('tar', ['xf', source, '--strip-components=1', '-C', build])
    // OPTFLAGS empty: no instructions that only this processor has. No LLVM bitcode: nothing here inlines it.
    const make = ['-C', build, `PG_CONFIG=${join(bin, 'pg_config')}`, 'OPTFLAGS=', 'with_llvm=no']
    run('make', ['-s', '-j2', ...make])
    run('make', ['-s', ...make, 'install'])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function downloadSource(dir, uri, keyring) {
  for (const suite of SOURCE_SUITES) {
    writeFileSync(join(dir, 'source.list'), `deb-src [signed-by=${keyring}] ${uri} ${suite} main\n`)
    const apt = [
      '-o',
      `Dir::Etc::SourceList=${join(dir, 'source.list')}`,
      '-o',
      'Dir::Etc::SourceParts=/dev/null',
      '-o',
      `Dir::State::Lists=${join(dir, 'lists')}`,
      '-o',
      'APT::Sandbox::User=root',
    ]
    try {
      run('apt-get', [...apt, '-q', '-o', 'APT::Update::Error-Mode=any', 'update'])
      run('apt-get', [...apt, '-q', 'source', '--download-only', 'pgvector'], { cwd: dir })
    } catch {
      console.error(`postgres: no pgvector from ${suite}, trying the next suite`)
      continue
    }
    const archive = readdirSync(dir).find((name) => name.endsWith('.orig.tar.gz'))
    if (archive !== undefined) return join(dir, archive)
  }
  throw new Error('No Debian suite offers the source of pgvector.')
}

/** Makes sure that a PostgreSQL 14+ with pgvector is installed, and returns it as findPostgres does. */
export function ensurePostgres() {
  let found = findPostgres()
  if (found?.pgvector !== undefined) return found
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(
      'Only on Debian or Ubuntu, and as root, can PostgreSQL and pgvector be installed from here.',
    )
  }
  run('apt-get', ['-q', 'update'])
  if (found === undefined) {
    install('postgresql', 'postgresql-client')
    found = findPostgres()
  }
  if (found === undefined) throw new Error('PostgreSQL was installed, and its programs are not found.')
  const distribution = `postgresql-${found.major}-pgvector`
  if (packageExists(distribution)) install(distribution)
  else buildPgvector(found.major, found.bin)
  return findPostgres()
}
