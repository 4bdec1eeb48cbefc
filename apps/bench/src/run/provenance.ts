import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package: what is measured is its checkout, wherever the command was given. */
const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))

const PACKAGES = ['pg', '@prisma/client', 'pgvector']
const EMBEDDED = ['@electric-sql/pglite', '@electric-sql/pglite-pgvector']

/** The commit that `folder` is at, with `-dirty` when the tree has anything beside it; null outside a repository. */
export function commitOf(folder: string = PACKAGE): string | null {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    return `${git('rev-parse', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '-dirty'}`
  } catch {
    return null
  }
}

/** The version of a package as the module `from` would load it; read from its folder, as not all export a manifest. */
function versionOf(name: string, from: string): string | null {
  for (const folder of createRequire(from).resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version
    } catch {
      // It is further up, or not installed.
    }
  }
  return null
}

/** The peers that are installed in `folder`. */
export function peerVersions(folder: string = join(PACKAGE, 'peers')): Record<string, string> {
  const manifest = join(folder, 'package.json')
  const wanted = Object.keys(JSON.parse(readFileSync(manifest, 'utf8')).dependencies)
  return Object.fromEntries(
    wanted.flatMap((name) => {
      try {
        const { version } = JSON.parse(
          readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'),
        )
        return [[`peers: ${name}`, version]]
      } catch {
        return []
      }
    }),
  )
}

/** The versions of what takes part: clients, the embedded engine, and installed peers. */
export function packageVersions(): Record<string, string> {
  const require = createRequire(import.meta.url)
  const versions = [
    ...PACKAGES.map((name) => [name, versionOf(name, import.meta.url)] as const),
    ...EMBEDDED.map(
      (name) => [name, versionOf(name, require.resolve('@funes/embedded/package.json'))] as const,
    ),
  ]
  return {
    ...Object.fromEntries(versions.flatMap(([name, version]) => (version === null ? [] : [[name, version]]))),
    ...peerVersions(),
  }
}
