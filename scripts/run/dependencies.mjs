import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { toolEnvironment } from './environment.mjs'
import { npmCommand } from './npm.mjs'
import { runStep } from './progress.mjs'

const STAMP = 'node_modules/.cache/funes/installed'

/** The folders of the workspace's packages, as `packages/db`. */
export function packageFolders() {
  return ['packages', 'apps'].flatMap((parent) =>
    existsSync(parent)
      ? readdirSync(parent)
          .map((name) => `${parent}/${name}`)
          .filter((folder) => existsSync(`${folder}/package.json`))
      : [],
  )
}

/** A digest of every file that decides what is installed. */
function manifestDigest() {
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc']
  const manifests = packageFolders().map((folder) => `${folder}/package.json`)
  const hash = createHash('sha256').update(process.version)
  for (const file of [...files, ...manifests].filter((name) => existsSync(name))) {
    hash.update(`\0${file}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/**
 * Installs the dependencies exactly as the lockfile has them, with the pnpm that package.json names; does nothing
 * when they are as the manifests want them. Returns an exit code.
 */
export async function installDependencies() {
  const digest = manifestDigest()
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digest) return 0
  const { packageManager } = JSON.parse(readFileSync('package.json', 'utf8'))
  const [command, args] = npmCommand(
    ...['exec', '--yes', packageManager, '--'],
    // Without a terminal pnpm would stop where it wants to ask whether a foreign node_modules may go.
    ...['install', '--frozen-lockfile', '--config.confirmModulesPurge=false'],
  )
  const { exitCode } = await runStep('Installing the dependencies', command, args, { env: toolEnvironment() })
  if (exitCode !== 0) return exitCode
  mkdirSync(dirname(STAMP), { recursive: true })
  writeFileSync(STAMP, digest)
  return 0
}
