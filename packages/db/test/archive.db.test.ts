import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import * as zlib from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Funes } from '../src/index.js'
import { dump, fill, HOSTILE, linesOf, vector, wipe } from './archive-fixture.js'
import { onEveryEngine } from './engines.js'
import { textEmbedder } from './text-embedder.js'

/** 50,000 is what it is meant for; fewer keep the suite short. */
const ROWS = Number(process.env.FUNES_TEST_ARCHIVE_ROWS ?? 150)
const TIMEOUT_MS = 60_000 + 20 * ROWS

const dir = mkdtempSync(join(tmpdir(), 'funes-archive-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const questions = Array.from({ length: 5 }, vector)
const moved = join(dir, 'embedded.jsonl.gz')
/** What the embedded engine answered, for whoever imports its archive. */
let fromEmbedded: { rows: Record<string, string[]>; found: Found } | undefined

interface Found {
  exact: [id: string, distance: number][][]
  other: string[][]
}

/** Answers of every kind: ids and distances of exact searches, ids of the others. */
async function search(funes: Funes): Promise<Found> {
  const exact: Found['exact'] = []
  const other: string[][] = []
  for (const embedding of questions) {
    const hits = await funes.memories.search({ scope: 'all-users', embedding, k: 50, accuracy: 'exact' })
    exact.push(hits.map(({ memory, distance }) => [memory.id, distance as number]))
    for (const userId of ['ann', HOSTILE[0]]) {
      const asked = { userId, k: 20 }
      for (const more of [{ embedding }, { text: 'number 漢字' }, { text: 'back slashes', embedding }]) {
        other.push((await funes.memories.search({ ...asked, ...more })).map(({ memory }) => memory.id))
      }
    }
  }
  return { exact, other }
}

onEveryEngine('an archive', (db) => {
  const path = join(dir, 'all.jsonl.gz')
  let before: Record<string, string[]>
  let found: Found

  beforeAll(async () => {
    const { funes, pool } = db()
    await fill(funes, pool, ROWS)
    before = await dump(pool)
    found = await search(funes)
  }, TIMEOUT_MS)

  it(
    'brings everything back as it was, and searches to the last bit',
    async () => {
      const { funes, pool, engine } = db()
      const result = await funes.archive.export({ to: path })
      expect(result.counts).toMatchObject({
        memories: ROWS + 2,
        embedding_models: 3,
        tools: 5,
        tool_usage: 20,
      })
      expect(result.bytes).toBe(statSync(path).size)
      expect(statSync(path).mode & 0o777).toBe(0o600)
      await wipe(pool)
      const progress: string[] = []
      const imported = await funes.archive.import({
        from: path,
        onProgress: ({ phase }) => progress.push(phase),
      })
      expect(imported.counts).toEqual(result.counts)
      expect(imported.rows.memories).toEqual({ added: ROWS + 2, same: 0, replaced: 0, skipped: 0 })
      expect([...new Set(progress)]).toEqual(['verifying', 'importing', 'indexing'])
      expect(await dump(pool)).toEqual(before)
      expect(await search(funes)).toEqual(found)
      for (const check of await funes.indexes.check())
        expect(check).toMatchObject({ built: true, valid: true })
      if (engine === 'embedded') {
        writeFileSync(moved, readFileSync(path))
        fromEmbedded = { rows: before, found }
      }
    },
    TIMEOUT_MS,
  )

  it('is written the same again, but for its time', async () => {
    const { funes } = db()
    const plain = join(dir, 'plain.jsonl')
    await funes.archive.export({ to: plain, compression: 'none' })
    const [[header, ...again], [first, ...written]] = [
      linesOf(readFileSync(plain)),
      linesOf(readFileSync(path)),
    ]
    expect({ ...header, createdAt: '' }).toEqual({ ...first, createdAt: '' })
    const rows = (lines: typeof again) =>
      lines
        .filter(({ table, end }) => !end && /^(users|sessions|memor)/.test(table))
        .map((l) => JSON.stringify(l))
    // Models have other numbers now.
    const withoutNumbers = (line: string) => line.replace(/"model_id":\d+/, '')
    expect(rows(again).map(withoutNumbers)).toEqual(rows(written).map(withoutNumbers))
  })

  it(
    'changes nothing when it is imported again',
    async () => {
      const { funes, pool } = db()
      const { rows } = await funes.archive.import({ from: path })
      for (const table of Object.values(rows))
        expect(table).toMatchObject({ added: 0, replaced: 0, skipped: 0 })
      expect(rows.memories.same).toBe(ROWS + 2)
      expect(await dump(pool)).toEqual(before)
    },
    TIMEOUT_MS,
  )

  it(
    'goes through streams',
    async () => {
      const { funes, pool } = db()
      const through = new PassThrough()
      const [chunks] = await Promise.all([through.toArray(), funes.archive.export({ to: through })])
      await wipe(pool)
      await funes.archive.import({ from: Readable.from(chunks) })
      expect(await dump(pool)).toEqual(before)
    },
    TIMEOUT_MS,
  )

  it(
    'goes on where its import was interrupted',
    async () => {
      const { funes, pool } = db()
      await wipe(pool)
      let batches = 0
      const interrupted = funes.archive.import({
        from: path,
        batchSize: 20,
        onProgress({ phase }) {
          if (phase === 'importing' && ++batches === 5) throw new Error('stopped here')
        },
      })
      await expect(interrupted).rejects.toThrow('stopped here')
      const { rows } = await funes.archive.import({ from: path })
      expect(rows.memories.same).toBeGreaterThan(0)
      expect(rows.memories.added).toBeGreaterThan(0)
      expect(await dump(pool)).toEqual(before)
      expect(await search(funes)).toEqual(found)
    },
    TIMEOUT_MS,
  )

  it(
    'moves from the embedded engine to a server',
    async (context) => {
      const { funes, pool, engine } = db()
      if (engine === 'embedded' || fromEmbedded === undefined) return context.skip()
      await wipe(pool)
      await funes.archive.import({ from: moved })
      const kindless = ({ embedding_models, ...rest }: Record<string, string[]>) => rest
      expect(kindless(await dump(pool))).toEqual(kindless(fromEmbedded.rows))
      const there = await search(funes)
      const ids = ({ exact }: Found) => exact.map((hits) => hits.map(([id]) => id))
      expect(ids(there)).toEqual(ids(fromEmbedded.found))
      // Another processor adds up in another order.
      const distances = ({ exact }: Found) => exact.flat().map(([, distance]) => distance)
      for (const [i, distance] of distances(there).entries()) {
        expect(distance).toBeCloseTo(distances(fromEmbedded.found)[i] as number, 6)
      }
    },
    TIMEOUT_MS,
  )

  it(
    'has the vectors of another model made, and leaves out those it has',
    async () => {
      const { funes, pool, open } = db()
      await wipe(pool)
      const embedder = textEmbedder('other')
      const other = await open({ embedder })
      const { embedded } = await other.archive.import({ from: path, model: 'other' })
      const { rows } = await pool.query(`
      select m.name, count(*)::int as vectors from memory_embeddings join embedding_models m on m.id = model_id group by 1`)
      const withVectors = new Set(
        linesOf(readFileSync(path))
          .filter(({ table }) => table === 'memory_embeddings')
          .map(({ row }) => row.memory_id),
      )
      expect(rows).toEqual([{ name: 'other', vectors: withVectors.size }])
      expect(embedded).toBe(withVectors.size + (await pool.query('select from tool_embeddings')).rows.length)
      const text = `${HOSTILE[3]} number 3`
      const [hit] = await other.memories.search({ scope: 'all-users', text, mode: 'vector', k: 1 })
      expect(hit?.memory.content).toBe(text)
      expect(hit?.distance).toBeCloseTo(0, 6)
      expect((await other.archive.import({ from: path, model: 'other' })).embedded).toBe(0)
      await expect(funes.archive.import({ from: path, model: 'third' })).rejects.toMatchObject({
        code: 'MODEL.NOT_FOUND',
      })
      await other.close()
    },
    TIMEOUT_MS,
  )

  it('holds some users only, or no deleted memories, when asked to', async () => {
    const { funes, pool } = db()
    await wipe(pool)
    await funes.archive.import({ from: path })
    const tables = async (options: object) => {
      const to = join(dir, 'part.jsonl')
      await funes.archive.export({ to, compression: 'none', ...options })
      return linesOf(readFileSync(to)).filter(({ table }) => table)
    }
    const ofAnn = await tables({ users: ['ann', 'nobody at all'] })
    const owners = ofAnn.flatMap(({ table, row }) => (table === 'users' ? row.id : (row.user_id ?? [])))
    expect(new Set(owners)).toEqual(new Set(['ann']))
    const alive = await tables({ includeDeleted: false })
    const all = await tables({})
    const memories = (lines: typeof all) => lines.filter(({ table }) => table === 'memories')
    expect(memories(alive).length).toBe(memories(all).length - 1)
    expect(alive.some(({ row }) => row.content === 'deleted')).toBe(false)
    const kept = new Set(memories(alive).map(({ row }) => row.id))
    expect(alive.filter(({ row }) => row.memory_id && !kept.has(row.memory_id))).toEqual([])
  })

  it('is not read further than it is taken', async () => {
    const { funes } = db()
    let taken = 0
    const controller = new AbortController()
    const stuck = new Writable({
      highWaterMark: 1,
      write(chunk) {
        taken += chunk.length
        setTimeout(() => controller.abort(), 200)
      },
    })
    let last = { done: 0, total: 0 as number | undefined }
    const exporting = funes.archive.export({
      to: stuck,
      compression: 'none',
      signal: controller.signal,
      onProgress: ({ done, total }) => {
        last = { done, total }
      },
    })
    await expect(exporting).rejects.toMatchObject({ code: 'CALL.ABORTED' })
    expect(taken).toBeGreaterThan(0)
    expect(last.total).toBeGreaterThan(2 * ROWS)
    // What is made ahead is bounded, whatever the size of the database.
    expect(last.done).toBeLessThan(0.8 * (last.total as number))
  })

  it('leaves what stands at its path when it cannot be written, and says why', async () => {
    const { funes } = db()
    const kept = readFileSync(path)
    const onProgress = () => {
      throw new Error('no more')
    }
    await expect(funes.archive.export({ to: path, onProgress })).rejects.toThrow('no more')
    expect(readFileSync(path).equals(kept)).toBe(true)
    expect(existsSync(`${path}.part`)).toBe(false)
    const code = 'ARCHIVE.IO'
    await expect(funes.archive.export({ to: join(dir, 'no', 'where') })).rejects.toMatchObject({
      code,
      meta: { code: 'ENOENT' },
    })
    await expect(funes.archive.import({ from: join(dir, 'nothing') })).rejects.toMatchObject({ code })
    const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) })
    await expect(funes.archive.export({ to: full })).rejects.toMatchObject({ code })
  })

  it('takes zstd where Node has it, and says so where not', async () => {
    const { funes } = db()
    const to = join(dir, 'all.jsonl.zst')
    if ('createZstdCompress' in zlib) {
      await funes.archive.export({ to, compression: 'zstd' })
      expect((await funes.archive.import({ from: to })).rows.memories.same).toBe(ROWS + 2)
    } else {
      const code = 'ARCHIVE.COMPRESSION_UNAVAILABLE'
      await expect(funes.archive.export({ to, compression: 'zstd' })).rejects.toMatchObject({ code })
      const from = Readable.from([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0])])
      await expect(funes.archive.import({ from })).rejects.toMatchObject({ code })
    }
    expect(existsSync(`${to}.part`)).toBe(false)
  })

  it('refuses what makes no sense, and stands in no transaction', async () => {
    const { funes } = db()
    const wrong = [{}, { to: 7 }, { to: '' }, { to: path, users: [''] }, { to: path, compression: 'rar' }]
    for (const options of wrong) {
      await expect(funes.archive.export(options as never)).rejects.toMatchObject({ code: 'INPUT.INVALID' })
    }
    const inside = funes.transaction(() => funes.archive.import({ from: path }))
    await expect(inside).rejects.toMatchObject({ code: 'TRANSACTION.NOT_ALLOWED' })
  })
})
