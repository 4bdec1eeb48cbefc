import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import {
  canInstallPackages,
  dependenciesOf,
  installPackages,
  packageVersions,
  updatePackageLists,
} from './apt.mjs'
import {
  buildsInParallelSafely,
  findBinaries,
  hasPgvector,
  OLDEST_PGVECTOR,
  OLDEST_POSTGRES,
} from './binaries.mjs'
import { buildPgvector } from './pgvector-source.mjs'
import { compareVersions } from './versions.mjs'

const NO_MAIN_CLUSTER = '/etc/postgresql-common/createcluster.d/funes.conf'

async function installPostgres(log) {
  const packageName = (await dependenciesOf('postgresql')).find((name) => /^postgresql-\d+$/.test(name))
  if (!packageName) throw new Error('The package sources of this machine have no PostgreSQL.')
  log(`Installing ${packageName}...`)
  // Without this the package makes a cluster of its own and starts a server for it.
  mkdirSync('/etc/postgresql-common/createcluster.d', { recursive: true })
  writeFileSync(NO_MAIN_CLUSTER, 'create_main_cluster = false\n')
  try {
    await installPackages(packageName)
  } finally {
    rmSync(NO_MAIN_CLUSTER)
  }
}

async function installPgvector(binaries, log) {
  const packageName = `postgresql-${binaries.major}-pgvector`
  const packaged = (await packageVersions(packageName)).candidate?.replace(/-.*$/, '')
  if (packaged === undefined || !buildsInParallelSafely(packaged)) {
    try {
      const version = await buildPgvector(binaries, log)
      log(`pgvector ${version} is built and installed.`)
      return
    } catch (error) {
      if (packaged === undefined || compareVersions(packaged, OLDEST_PGVECTOR) < 0) throw error
      log(error.message)
    }
  }
  log(`Installing ${packageName} ${packaged}...`)
  await installPackages(packageName)
}

function explainMissing(binaries) {
  const missing = binaries
    ? `PostgreSQL ${binaries.version} in ${binaries.folder} has no pgvector ${OLDEST_PGVECTOR} or newer.`
    : `No PostgreSQL ${OLDEST_POSTGRES} or newer was found (initdb, postgres, pg_ctl, psql).`
  const cure =
    process.platform === 'darwin'
      ? 'Install both: brew install postgresql@17 pgvector'
      : existsSync('/usr/bin/apt-get')
        ? 'Install what is missing: as root, node scripts/postgres.mjs start --install'
        : 'Install PostgreSQL and pgvector with the package manager of this system.'
  return `${missing}\n${cure}\nOr use a container: docker compose -f docker/compose.yaml up --wait`
}

/**
 * Finds PostgreSQL binaries with pgvector; with `install`, and as root where apt is, installs what is missing.
 * `log` receives a line for each step. Returns what `findBinaries` returns.
 * @throws Error that says what is missing and how to get it
 */
export async function provideBinaries({ install = false, log = () => {} } = {}) {
  let binaries = await findBinaries()
  if (!hasPgvector(binaries) && install && (await canInstallPackages())) {
    await updatePackageLists()
    if (!binaries) {
      await installPostgres(log)
      binaries = await findBinaries()
    }
    if (binaries && !hasPgvector(binaries)) await installPgvector(binaries, log)
    binaries = await findBinaries()
  }
  if (!hasPgvector(binaries)) throw new Error(explainMissing(binaries))
  if (!buildsInParallelSafely(binaries.pgvector)) {
    log(
      `pgvector ${binaries.pgvector} has a fault in parallel HNSW builds: this server builds with one worker.`,
    )
  }
  return binaries
}
