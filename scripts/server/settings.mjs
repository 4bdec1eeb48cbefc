import { statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { buildsInParallelSafely } from './binaries.mjs'

const MIB = 1024 * 1024

/** Free shared memory in bytes; Infinity where the system has no /dev/shm to ask. */
function freeSharedMemory() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

const quote = (value) => `'${String(value).replaceAll("'", "''")}'`

/**
 * The lines of postgresql.conf for a private cluster, sized for this machine.
 * Commits stay durable unless `fast` is set, because what they cost is part of what is measured.
 */
export function settingsFor({ port, socketFolder, pgvector, fast = false }) {
  const memory = totalmem()
  const cores = availableParallelism()
  const maintenanceMemory = Math.min(memory / 16, 512 * MIB)
  const megabytes = (bytes) => `${Math.floor(bytes / MIB)}MB`
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    // A socket path longer than this is cut off by the system.
    unix_socket_directories: socketFolder.length < 90 ? socketFolder : '',
    unix_socket_permissions: '0700',
    max_connections: 200,
    shared_buffers: megabytes(Math.min(memory / 4, 1024 * MIB)),
    effective_cache_size: megabytes(memory / 2),
    work_mem: '16MB',
    // An HNSW build is several times slower once its graph no longer fits in here.
    maintenance_work_mem: megabytes(maintenanceMemory),
    max_parallel_workers: cores,
    max_parallel_maintenance_workers: buildsInParallelSafely(pgvector) ? Math.max(1, cores - 1) : 0,
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    random_page_cost: 1.1,
    // Compiling a plan takes longer than any statement here runs.
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %q%u@%d ',
  }
  // A parallel HNSW build shares maintenance_work_mem; containers often have 64 MB in /dev/shm.
  if (freeSharedMemory() < maintenanceMemory * 1.25) settings.dynamic_shared_memory_type = 'mmap'
  if (fast) Object.assign(settings, { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' })
  return `${Object.entries(settings)
    .map(([name, value]) => `${name} = ${quote(value)}`)
    .join('\n')}\n`
}
