import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { currentCall } from '../engine/call.js'
import { ioFault } from './faults.js'
import { type Packer, packed } from './pack.js'

/** Where an archive is written until it is complete. */
export const partOf = (path: string): string => `${path}.part`

/** What the file system refuses. */
function failing<T>(done: Promise<T>): Promise<T> {
  return done.catch((error: unknown) => {
    throw ioFault('written', error)
  })
}

/** Makes sure that a new name outlasts a loss of power, where the system has a way to. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r').catch(() => undefined)
  await directory?.sync().catch(() => {})
  await directory?.close()
}

/** @param from where to go on; undefined for a new file */
async function openPart(part: string, from: number | undefined): Promise<FileHandle> {
  if (from === undefined) {
    // One that was left by an export that was killed may be open to others.
    await rm(part, { force: true })
    // Of no use to anybody but who made it: it holds what people said.
    return open(part, 'wx', 0o600)
  }
  const file = await open(part, 'r+')
  await file.truncate(from)
  return file
}

/** Two that go on with the same file spoil it: the last one to write finds out. */
async function assertAlone(file: FileHandle, part: string, bytes: number): Promise<void> {
  const [mine, there] = await Promise.all([file.stat(), open(part, 'r').then(statAndClose)])
  if (mine.ino === there.ino && there.size === bytes) return
  throw Object.assign(new Error('another export wrote to the same file'), { code: 'EBUSY' })
}

async function statAndClose(file: FileHandle) {
  try {
    return await file.stat()
  } finally {
    await file.close()
  }
}

/**
 * Writes lines to a file that has its name when all are written, and until then is `<path>.part`. When that is interrupted, and
 * there is something to go on with, the latter stays.
 *
 * @param from where in `<path>.part` to go on
 * @throws what `lines` throws, `ARCHIVE.IO`
 */
export async function writeFile(
  lines: AsyncGenerator<Buffer>,
  path: string,
  packer: Packer,
  from: number | undefined,
): Promise<{ bytes: number }> {
  const part = partOf(path)
  const signal = currentCall()?.signal
  const file = await failing(openPart(part, from))
  let bytes = from ?? 0
  try {
    for await (const piece of packed(lines, packer)) {
      signal?.throwIfAborted()
      for (let at = 0; at < piece.length; ) {
        const { bytesWritten } = await failing(file.write(piece, at, piece.length - at, bytes + at))
        at += bytesWritten
      }
      bytes += piece.length
    }
    await failing(file.sync())
    await failing(assertAlone(file, part, bytes))
    await file.close()
    await failing(rename(part, path))
    await syncDirectory(path)
    return { bytes }
  } catch (error) {
    await file.close().catch(() => {})
    if (bytes === 0) await rm(part, { force: true }).catch(() => {})
    throw signal?.aborted ? signal.reason : error
  }
}
