import { constants, createWriteStream, openSync } from 'node:fs'
import { lstat, readlink, realpath, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { dirname, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { currentCall } from '../engine/call.js'
import { ioFault } from './faults.js'

/** Where the path of an export leads. */
export type Target =
  /** A file, there or to be made: it appears under its name when it is complete. Links have been followed. */
  | { readonly kind: 'file'; readonly path: string }
  /** A pipe or a device: what keeps its place, and is written into. */
  | {
      readonly kind: 'through'
      /** @throws `ARCHIVE.IO` */
      open(): Promise<Writable>
    }

/** As many as Linux follows. */
const MAX_LINKS = 40
/** How often it is looked whether a pipe has got a reader. */
const READER_EVERY_MS = 50

function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

/** Where a path leads at whose end nothing is yet, a link to nothing among them. */
async function followed(path: string): Promise<string> {
  let at = path
  for (let links = 0; links < MAX_LINKS; links++) {
    const found = await orUndefined(lstat(at))
    if (!found?.isSymbolicLink()) return at
    at = resolve(dirname(at), await readlink(at))
  }
  throw Object.assign(new Error('too many symbolic links'), { code: 'ELOOP' })
}

/** Opens what is there: nothing is made, and nothing cut. */
const opened = (path: string, flags = 0) => openSync(path, constants.O_WRONLY | flags)

/** Waits for a reader, but not in a thread, which would keep the process from ending. */
async function openPipe(path: string): Promise<Writable> {
  const signal = currentCall()?.signal
  for (;;) {
    signal?.throwIfAborted()
    try {
      const fd = opened(path, constants.O_NONBLOCK)
      return new Socket({ fd, readable: false, writable: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw ioFault('written', error)
    }
    await sleep(READER_EVERY_MS)
  }
}

async function openDevice(path: string): Promise<Writable> {
  try {
    return createWriteStream(path, { fd: opened(path) })
  } catch (error) {
    throw ioFault('written', error)
  }
}

async function lookUp(path: string): Promise<Target> {
  const found = await orUndefined(stat(path))
  if (found === undefined) return { kind: 'file', path: await followed(path) }
  if (found.isFile()) return { kind: 'file', path: await realpath(path) }
  if (found.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' })
  if (found.isFIFO()) return { kind: 'through', open: () => openPipe(path) }
  return { kind: 'through', open: () => openDevice(path) }
}

/**
 * What stands at a path that an archive is to be written to, before anything is touched.
 *
 * @throws `ARCHIVE.IO`
 */
export async function targetOf(path: string): Promise<Target> {
  try {
    return await lookUp(path)
  } catch (error) {
    throw ioFault('written', error)
  }
}
