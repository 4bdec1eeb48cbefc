import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join, relative } from 'node:path'

/** A socket that a process listens on for as long as it lives. */
export interface Beacon {
  /** Its file in the directory; null where it could not be lit. */
  readonly name: string | null
  /** Synchronous, so that an exit handler can call it. */
  putOut(): void
}

/** sockaddr_un holds 104 bytes on macOS and 108 on Linux, the closing NUL included. */
const MAX_SOCKET_PATH = 100

/**
 * Calls `use` with a path to `dir/name` that is short enough for a socket, or with null when there is none.
 */
async function withSocketPath<T>(
  dir: string,
  name: string,
  use: (path: string | null) => Promise<T>,
): Promise<T> {
  if (process.platform === 'win32') return use(null)
  const path = [join(dir, name), relative('.', join(dir, name))].find(
    (candidate) => Buffer.byteLength(candidate) <= MAX_SOCKET_PATH,
  )
  if (path !== undefined || process.platform !== 'linux') return use(path ?? null)
  const fd = openSync(dir, 'r')
  try {
    return await use(`/proc/self/fd/${fd}/${name}`)
  } finally {
    closeSync(fd)
  }
}

/**
 * Listens on a new socket in `dir`.
 *
 * The kernel stops answering for a process at the moment it dies, however it dies, and answers for it while
 * it is busy; and unlike a pid the answer means the same in every container that shares the directory.
 */
export async function lightBeacon(dir: string): Promise<Beacon> {
  const name = `lock.${randomBytes(6).toString('hex')}.sock`
  const server = createServer((socket) => socket.destroy())
  server.unref()
  const lit = await withSocketPath(dir, name, (path) => {
    if (path === null) return Promise.resolve(false)
    return new Promise<boolean>((settle) => {
      // A file system without sockets: the pid has to do.
      server.once('error', () => settle(false))
      // In a worker of node:cluster the primary would listen instead, and outlive it.
      server.listen({ path, exclusive: true }, () => settle(true))
    })
  })
  if (!lit) return { name: null, putOut: () => {} }
  server.on('error', () => {})
  return {
    name,
    putOut() {
      server.close()
      rmSync(join(dir, name), { force: true })
    },
  }
}

/** Whether somebody listens on that socket; undefined when that cannot be found out. */
export function isLit(dir: string, name: string): Promise<boolean | undefined> {
  return withSocketPath(dir, name, (path) => {
    if (path === null) return Promise.resolve(undefined)
    return new Promise<boolean | undefined>((settle) => {
      const socket = connect({ path })
      socket.once('connect', () => {
        socket.destroy()
        settle(true)
      })
      socket.on('error', (error: NodeJS.ErrnoException) => {
        settle(error.code === 'ECONNREFUSED' ? false : undefined)
      })
    })
  })
}
