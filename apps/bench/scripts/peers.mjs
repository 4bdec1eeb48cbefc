// `pnpm bench:peers [options]`: the benchmark with the peers installed, on a server of its own when none is named.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { foreground } from '../../../scripts/child-process.mjs'
import { toolEnvironment } from '../../../scripts/run/environment.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const peers = join(root, 'apps/bench/peers')
const args = process.argv.slice(2)

function isInstalled() {
  try {
    const changed = (file) => statSync(join(peers, file)).mtimeMs
    return changed('node_modules/.package-lock.json') >= changed('package-lock.json')
  } catch {
    return false
  }
}

async function run(command, ...rest) {
  process.exitCode = await foreground(command, rest, { cwd: root, env: toolEnvironment() })
  return process.exitCode === 0
}

const isNamed = args.some((arg) => arg === '--url' || arg.startsWith('--url='))
if (args.includes('--embedded')) {
  console.error('The peers need a server: leave out --embedded.')
  process.exitCode = 1
} else if (!isNamed && !process.env.FUNES_TEST_DATABASE_URL) {
  // It looks for PostgreSQL before anything of the 335 MB is fetched, then comes back here.
  await run(process.execPath, 'scripts/postgres.mjs', 'run', '--', process.execPath, process.argv[1], ...args)
} else {
  const isReady = isInstalled() || (await run('npm', 'ci', '--prefix', peers, '--no-audit', '--no-fund'))
  if (isReady) await run('pnpm', 'run', 'bench', ...args)
}
