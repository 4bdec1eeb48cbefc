import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createByteReader } from '../src/archive/byte-reader.js'
import { unzstd } from '../src/archive/zstd-frames.js'
import { dump, type Line, linesOf, vector, wipe } from './archive-fixture.js'
import { onEveryEngine } from './engines.js'

const dir = mkdtempSync(join(tmpdir(), 'funes-archive-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Long enough for several frames: what an interrupted export keeps ends with one. */
const LONG = 'words upon words '.repeat(330)
/** Places to cut at, of each compression, beside those that are named; more than a few are for once. */
const CUTS = Number(process.env.FUNES_TEST_ARCHIVE_CUTS ?? 2)
const COUNTS = { ann: 60, bob: 170, cyd: 5 }
const COMPRESSIONS = ['none', 'gzip', ...('zstdCompress' in zlib ? (['zstd'] as const) : [])] as const

onEveryEngine('an export that was interrupted', (db) => {
  const path = join(dir, 'archive')
  const part = `${path}.part`
  /** Of each compression, written in one go. */
  const whole = new Map<string, Buffer>()
  let before: Record<string, string[]>

  const exporting = (options: object = {}) =>
    db().funes.archive.export({ to: path, resume: true, ...options })
  const records = (lines: readonly Line[]) => lines.filter(({ table }) => table)
  /** Of all frames: Node's own ends with the first. */
  async function unpacked(bytes: Buffer): Promise<Buffer> {
    if (bytes[0] !== 0x28) return bytes
    const pieces: Buffer[] = []
    for await (const piece of unzstd(createByteReader(Readable.from([bytes]).iterator()))) pieces.push(piece)
    return Buffer.concat(pieces)
  }
  const written = async () => linesOf(await unpacked(readFileSync(path)))
  /** Where the n-th row of a table begins. */
  const startOf = (bytes: Buffer, table: string, n: number) => {
    let at = 0
    for (const line of bytes.toString('latin1').split('\n')) {
      if (line.startsWith(`{"table":"${table}"`) && n-- === 0) return at
      at += line.length + 1
    }
    throw new Error('no such row')
  }

  beforeAll(async () => {
    const { funes, pool } = db()
    rmSync(part, { force: true })
    await pool.query(`insert into tools (name, description) values ('pen', 'x'), ('ink', 'x')`)
    for (const [userId, count] of Object.entries(COUNTS)) {
      await funes.users.ensure({ id: userId })
      await funes.sessions.start({ userId, id: 's' })
      await funes.memories.addMany(
        Array.from({ length: count }, (_, i) => ({
          userId,
          content: `${userId} ${i} ${LONG}`,
          embedding: vector(),
          sessionId: 's',
          idempotencyKey: `${i}`,
        })),
      )
    }
    await pool.query(`insert into tool_usage (id, tool_id, user_id, success, duration_ms, at)
      select gen_random_uuid(), t.id, 'ann', true, 5, now() - make_interval(mins => i) from tools t, generate_series(1, 150) i`)
    before = await dump(pool)
    for (const compression of COMPRESSIONS) {
      expect(await exporting({ compression })).toMatchObject({ takenOver: 0, moments: [expect.any(String)] })
      whole.set(compression, readFileSync(path))
    }
  })

  it('goes on wherever it was cut, and comes to the same', async () => {
    const { funes } = db()
    for (const compression of COMPRESSIONS) {
      const bytes = whole.get(compression) as Buffer
      // As one text: to compare objects of megabytes takes seconds.
      const lines = JSON.stringify(records(linesOf(await unpacked(bytes))))
      const cutAt = async (length: number) => {
        writeFileSync(part, bytes.subarray(0, length))
        const phases = new Map<string, number>()
        const onProgress = ({ phase, done }: { phase: string; done: number }) => {
          if (!phases.has(phase)) phases.set(phase, done)
        }
        const result = await exporting({ compression, onProgress })
        expect(JSON.stringify(records(await written())) === lines).toBe(true)
        expect(existsSync(part)).toBe(false)
        expect(statSync(path).size).toBe(result.bytes)
        expect(result.moments).toHaveLength(result.takenOver > 0 ? 2 : 1)
        // The records that are taken over are told first, all but the first line.
        if (result.takenOver > 0) expect(phases.get('exporting')).toBe(result.takenOver - 1)
        return result.takenOver
      }
      // Nothing, inside of the head, of the first line; whole, but for its new name.
      for (const length of [0, 15, 300]) expect(await cutAt(length)).toBe(0)
      expect(await cutAt(bytes.length)).toBeGreaterThan(400)
      if (compression === 'none') {
        // At the end of a line, and in the midst of one, of every kind.
        for (const [table, n] of [
          ['users', 1],
          ['sessions', 1],
          ['memories', 90],
          ['memory_embeddings', 120],
          ['tool_usage', 0],
          ['tool_usage', 200],
        ] as const) {
          const start = startOf(bytes, table, n)
          expect(await cutAt(start + (n % 2 ? 0 : 30))).toBeGreaterThan(70)
        }
      }
      const share = fc.double({ min: 0, max: 1, noNaN: true })
      await fc.assert(
        fc.asyncProperty(share, async (at) => void (await cutAt(Math.floor(at * bytes.length)))),
        { numRuns: CUTS },
      )
      await expect(funes.archive.import({ from: path })).resolves.toMatchObject({
        rows: { memories: { same: 235, added: 0 } },
      })
    }
  })

  it('leaves the file as it is taken over once more, and starts anew when not asked to go on', async () => {
    const { funes } = db()
    const controller = new AbortController()
    const onProgress = ({ done }: { done: number }) => {
      if (done > 300) controller.abort()
    }
    rmSync(path)
    const stopped = exporting({ compression: 'none', onProgress, signal: controller.signal })
    await expect(stopped).rejects.toMatchObject({ code: 'CALL.ABORTED' })
    expect([existsSync(path), statSync(part).mode & 0o777]).toEqual([false, 0o600])
    truncateSync(part, statSync(part).size - 7)
    const again = new AbortController()
    const twice = exporting({
      compression: 'none',
      signal: again.signal,
      onProgress: ({ phase, done }: { phase: string; done: number }) => {
        if (phase === 'exporting' && done > 600) again.abort()
      },
    })
    await expect(twice).rejects.toMatchObject({ code: 'CALL.ABORTED' })
    const kept = readFileSync(part)
    const result = await exporting({ compression: 'none' })
    expect(result.moments).toHaveLength(3)
    const lines = await written()
    expect(lines.filter(({ resumed }) => resumed)).toHaveLength(2)
    expect(lines.at(-1)).toMatchObject({ end: true, moments: result.moments })
    writeFileSync(part, kept)
    expect(await funes.archive.export({ to: path, compression: 'none' })).toMatchObject({ takenOver: 0 })
    expect(existsSync(part)).toBe(false)
  })

  it('is not gone on with for other options, or where models or tools are others', async () => {
    const { pool, funes } = db()
    const bytes = whole.get('none') as Buffer
    const cut = bytes.subarray(0, Math.floor(bytes.length / 2))
    const refused = async (options: object, differs: string[]) => {
      writeFileSync(part, cut)
      await expect(exporting({ compression: 'none', ...options })).rejects.toMatchObject({
        code: 'ARCHIVE.NOT_RESUMABLE',
        meta: { differs },
      })
      expect(readFileSync(part).equals(cut)).toBe(true)
    }
    await refused({ users: ['ann'] }, ['users'])
    await refused({ includeDeleted: false }, ['includeDeleted'])
    await refused({ compression: 'gzip' }, ['compression'])
    await pool.query(`update tools set description = 'another' where name = 'pen'`)
    await refused({}, ['models or tools'])
    await pool.query(`update tools set description = 'x' where name = 'pen'`)
    await pool.query('update _prisma_migrations set id = reverse(id)')
    await refused({}, ['database'])
    await pool.query('update _prisma_migrations set id = reverse(id)')
    await expect(funes.archive.export({ to: process.stdout, resume: true })).rejects.toMatchObject({
      code: 'INPUT.INVALID',
    })
  })

  it('holds each user as at one moment, whatever changed in between', async () => {
    const { funes, pool } = db()
    const bytes = whole.get('none') as Buffer
    const memories = (userId: string) =>
      records(linesOf(bytes)).filter(({ table, row }) => table === 'memories' && row.user_id === userId)
    // In the midst of bob, who is changed where he is written already: a key goes over to another memory.
    const cut = startOf(bytes, 'memories', COUNTS.ann + 100)
    const [freed, early] = [memories('bob')[3]?.row, memories('ann')[3]?.row]
    await pool.query('delete from memories where id = $1', [freed.id])
    const embedding = vector()
    const heir = { userId: 'bob', content: 'heir', embedding, idempotencyKey: freed.idempotency_key }
    await funes.memories.add(heir)
    await funes.sessions.start({ userId: 'bob', id: 'new' })
    await funes.memories.add({ userId: 'bob', content: 'in a new session', embedding, sessionId: 'new' })
    await funes.memories.update({ userId: 'ann', id: early.id, importance: 0.123 })
    await funes.memories.add({ userId: 'dan', content: 'a new user', embedding })
    const now = await dump(pool)
    writeFileSync(part, bytes.subarray(0, cut))
    const { takenOver } = await exporting({ compression: 'none' })
    expect(takenOver).toBeLessThan(2 + 2 + 2 + COUNTS.ann * 2 + 2)
    await wipe(pool)
    const { rows, moments } = await funes.archive.import({ from: path })
    expect(rows.memories).toMatchObject({ added: 60 + 169 + 2 + 5 + 1, skipped: 0 })
    expect(moments).toHaveLength(2)
    const after = await dump(pool)
    const of = (userId: string, all: Record<string, string[]>) =>
      Object.values(all).map((lines) => lines.filter((line) => line.includes(`"${userId}"`)))
    for (const userId of ['bob', 'cyd', 'dan']) expect(of(userId, after)).toEqual(of(userId, now))
    expect(of('ann', after)).toEqual(of('ann', before))
  })
})
