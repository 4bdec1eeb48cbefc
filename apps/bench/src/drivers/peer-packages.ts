import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const folder = new URL('../../peers/', import.meta.url)

export const INSTALL = 'npm ci --prefix apps/bench/peers'

/** Why a peer cannot run, or null. Peers have a lockfile of their own, and nobody installs them but to measure. */
export async function peersMissing(): Promise<string | null> {
  return existsSync(new URL('node_modules', folder)) ? null : `not installed; run: ${INSTALL}`
}

/** Loads a module from the peers' own folder. Typed by the caller: the workspace never sees their types. */
export async function importPeer<T>(specifier: string): Promise<T> {
  const require = createRequire(fileURLToPath(new URL('package.json', folder)))
  return import(pathToFileURL(require.resolve(specifier)).href) as Promise<T>
}
