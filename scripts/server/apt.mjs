import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture, captureIfPossible } from '../child-process.mjs'

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }

/** True where packages can be installed with apt-get by this user. */
export async function canInstallPackages() {
  return process.getuid?.() === 0 && (await captureIfPossible('apt-get', ['--version'])) !== undefined
}

/** Fetches the package lists of the machine's own sources. */
export async function updatePackageLists() {
  await capture('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', 'update'], { env })
}

/** Installs packages (`name` or `name=version`) without those they merely recommend. */
export async function installPackages(...packages) {
  const options = ['-q', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120']
  await capture('apt-get', [...options, 'install', ...packages], { env })
}

/** `{ installed, candidate }`, the versions of a package; undefined where there is none. */
export async function packageVersions(name) {
  const policy = (await captureIfPossible('apt-cache', ['policy', name], { env })) ?? ''
  const version = (label) => {
    const value = policy.match(new RegExp(`${label}: (.+)`))?.[1]
    return value === '(none)' ? undefined : value
  }
  return { installed: version('Installed'), candidate: version('Candidate') }
}

/** The packages that `name` depends on, by name. */
export async function dependenciesOf(name) {
  const output = (await captureIfPossible('apt-cache', ['depends', name], { env })) ?? ''
  return [...output.matchAll(/Depends: (\S+)/g)].map((match) => match[1])
}

/** The mirror of the distribution that this machine is set up with: `{ origin, uri }`. */
export async function distributionMirror() {
  const format = '$(ORIGIN)|$(COMPONENT)|$(REPO_URI)'
  const targets = await capture('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    env,
  })
  for (const line of targets.split('\n')) {
    const [origin, component, uri] = line.split('|')
    if ((origin === 'Debian' || origin === 'Ubuntu') && component === 'main') return { origin, uri }
  }
  throw new Error('No Debian or Ubuntu mirror is among the sources of apt on this machine.')
}

/**
 * A view of one suite's source packages, in a folder of its own: the machine's sources and lists stay untouched,
 * its proxy, authentication and keyring settings apply. Returns the options that select it for apt commands.
 */
export async function sourcesOf({ mirror, suite, keyring, component, folder }) {
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true })
  const list = join(folder, 'sources.list')
  writeFileSync(list, `deb-src [signed-by=${keyring}] ${mirror} ${suite} ${component}\n`)
  const selection = {
    'Dir::Etc::SourceList': list,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    // The unprivileged download user cannot write into the private folder.
    'APT::Sandbox::User': 'root',
    'APT::Get::List-Cleanup': '0',
  }
  const options = Object.entries(selection).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await capture('apt-get', ['-q', ...options, '--error-on=any', 'update'], { env })
  return options
}

/** Downloads and unpacks a source package into `folder`; returns nothing, fails when the suite does not have it. */
export async function unpackSource(name, options, folder) {
  await capture('apt-get', ['-q', ...options, 'source', name], { env, cwd: folder })
}
