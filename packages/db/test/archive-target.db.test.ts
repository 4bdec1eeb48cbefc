import { execFileSync, spawn } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFunes, type Funes } from '../src/index.js'

describe('where an archive is written to', () => {
  const dir = mkdtempSync(join(tmpdir(), 'funes-target-'))
  const at = (...names: string[]) => join(dir, ...names)
  let funes: Funes
  const exportTo = (to: string, more = {}) => funes.archive.export({ to, compression: 'none', ...more })
  const lines = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n').length

  beforeAll(async () => {
    funes = await createFunes({ dataDir: 'memory://' })
    await funes.migrate()
    await funes.memories.add({ userId: 'ada', content: 'Ada takes her tea without sugar.', embedding: null })
    mkdirSync(at('elsewhere'))
  })
  afterAll(async () => {
    await funes.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('is where a symbolic link leads, also to a file that is still to be made', async () => {
    writeFileSync(at('elsewhere', 'old'), 'old')
    symlinkSync(at('elsewhere', 'old'), at('to-old'))
    symlinkSync('elsewhere/new', at('to-new'))
    symlinkSync('to-new', at('to-to-new'))
    for (const [link, file] of [
      ['to-old', 'old'],
      ['to-to-new', 'new'],
      ['to-new', 'new'],
    ] as const) {
      const written = await exportTo(at(link))
      expect([link, lstatSync(at(link)).isSymbolicLink()]).toEqual([link, true])
      expect(lines(at('elsewhere', file))).toBe(written.lines)
    }
    symlinkSync('round', at('round'))
    await expect(exportTo(at('round'))).rejects.toMatchObject({ code: 'ARCHIVE.IO', meta: { code: 'ELOOP' } })
  })

  it('is refused when it is a folder, before anything is written', async () => {
    await expect(exportTo(at('elsewhere'))).rejects.toMatchObject({
      code: 'ARCHIVE.IO',
      meta: { code: 'EISDIR' },
    })
    expect(() => lstatSync(at('elsewhere.part'))).toThrow('ENOENT')
  })

  it.skipIf(process.platform === 'win32')('may be a pipe, and an archive may come from one', async () => {
    execFileSync('mkfifo', [at('pipe'), at('back')])
    const reader = spawn('sh', ['-c', 'sleep 0.2; cat < "$0" > "$1"', at('pipe'), at('read')])
    const ended = new Promise((resolve) => reader.once('close', resolve))
    const written = await exportTo(at('pipe'), { resume: true, compression: 'gzip' })
    await ended
    expect(lstatSync(at('pipe')).isFIFO()).toBe(true)
    expect(
      gunzipSync(readFileSync(at('read')))
        .toString()
        .trimEnd()
        .split('\n'),
    ).toHaveLength(written.lines)
    const called = exportTo(at('pipe'), { signal: AbortSignal.timeout(100) })
    await expect(called).rejects.toMatchObject({ code: 'CALL.ABORTED' })

    const writer = spawn('sh', ['-c', 'cat < "$0" > "$1"', at('read'), at('back')])
    const wrote = new Promise((resolve) => writer.once('close', resolve))
    expect((await funes.archive.import({ from: at('back') })).rows.memories).toMatchObject({ same: 1 })
    await wrote
  })

  it('may be a device, which stays one', async (context) => {
    try {
      // Always full, and one that takes everything: as root nodes of one's own can be made.
      execFileSync('mknod', [at('full'), 'c', '1', '7'], { stdio: 'ignore' })
      execFileSync('mknod', [at('null'), 'c', '1', '3'], { stdio: 'ignore' })
      writeFileSync(at('null'), '')
    } catch {
      return context.skip()
    }
    await expect(exportTo(at('full'))).rejects.toMatchObject({ code: 'ARCHIVE.IO', meta: { code: 'ENOSPC' } })
    expect((await exportTo(at('null'))).lines).toBeGreaterThan(2)
    for (const name of ['full', 'null']) expect(lstatSync(at(name)).isCharacterDevice()).toBe(true)
  })

  it('is read back to the line that is wrong, of gzip with something behind it', async () => {
    const written = await exportTo(at('plain'))
    writeFileSync(at('junk.gz'), Buffer.concat([gzipSync(readFileSync(at('plain'))), Buffer.from('junk')]))
    await expect(funes.archive.import({ from: at('junk.gz') })).rejects.toMatchObject({
      code: 'ARCHIVE.DAMAGED',
      meta: { line: written.lines + 1, damage: 'compression' },
    })
  })
})
