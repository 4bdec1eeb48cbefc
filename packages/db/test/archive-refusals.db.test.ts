import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { archiveOf, countAll, dump, fill, type Line, linesOf, wipe } from './archive-fixture.js'
import { SPOILED } from './archive-spoiled.js'
import { onEveryEngine } from './engines.js'
import { textEmbedder } from './text-embedder.js'

onEveryEngine('an archive that does not fit', (db) => {
  let bytes: Buffer
  let lines: Line[]

  const importing = (archive: Buffer, options = {}) =>
    db().funes.archive.import({ from: Readable.from([archive]), ...options })

  beforeAll(async () => {
    const { funes, pool } = db()
    await fill(funes, pool, 40)
    const to = new PassThrough()
    const [chunks] = await Promise.all([to.toArray(), funes.archive.export({ to, compression: 'none' })])
    bytes = Buffer.concat(chunks)
    lines = linesOf(bytes)
    await wipe(pool)
  })

  /** The number of the line of the n-th row of a table. */
  const lineOf = (table: string, n = 0) => {
    const all = lines.flatMap((line, i) => (line.table === table ? [i + 1] : []))
    return all[n] as number
  }

  async function refused(archive: Buffer, expected: object): Promise<void> {
    await expect(importing(archive)).rejects.toMatchObject(expected)
    expect(await countAll(db().pool)).toBe(0)
  }

  it('is refused at the line that is damaged, with nothing stored', async () => {
    const rows = bytes.toString('latin1').split('\n')
    const starts = rows.map((_, i) => rows.slice(0, i).join('\n').length + (i === 0 ? 0 : 1))
    const flip = fc.tuple(fc.nat(bytes.length - 2), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(flip, async ([at, mask]) => {
        const damaged = Buffer.from(bytes)
        damaged[at] = (bytes[at] as number) ^ mask
        const line = starts.findLastIndex((start) => start <= at) + 1
        const error = await importing(damaged).catch((e: unknown) => e)
        // The first line says that this is an archive: damaged, it may not say so any more.
        const codes =
          line === 1 ? /^ARCHIVE\.(DAMAGED|INCOMPLETE|UNSUPPORTED)$/ : /^ARCHIVE\.(DAMAGED|INCOMPLETE)$/
        expect(error).toMatchObject({ code: expect.stringMatching(codes) })
        expect((error as { meta: { line: number } }).meta.line).toBe(line)
      }),
      { numRuns: 25, examples: [[[0, 1]], [[11, 108]]] },
    )
    expect(await countAll(db().pool)).toBe(0)
  })

  it('is refused wherever it was cut, or damaged when compressed', async () => {
    const packed = gzipSync(bytes)
    for (const whole of [bytes, packed]) {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 64, max: whole.length - 2 }), async (length) => {
          const code = 'ARCHIVE.INCOMPLETE'
          await expect(importing(whole.subarray(0, length))).rejects.toMatchObject({ code })
        }),
        { numRuns: 10 },
      )
    }
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 300, max: packed.length - 9 }), async (at) => {
        const damaged = Buffer.from(packed)
        damaged[at] = (packed[at] as number) ^ 0x10
        const code = expect.stringMatching(/^ARCHIVE\.(DAMAGED|INCOMPLETE)$/)
        await expect(importing(damaged)).rejects.toMatchObject({ code, meta: { line: expect.any(Number) } })
      }),
      { numRuns: 10 },
    )
    expect(await countAll(db().pool)).toBe(0)
  })

  it('is refused when lines are missing, doubled, in another order, or too many', async () => {
    const rows = bytes.toString().split('\n')
    const at = lineOf('memories', 3)
    const changed = (change: (rows: string[]) => void) => {
      const copy = [...rows]
      change(copy)
      return Buffer.from(copy.join('\n'))
    }
    const damage = { code: 'ARCHIVE.DAMAGED', meta: { line: at } }
    await refused(
      changed((r) => r.splice(at - 1, 1)),
      damage,
    )
    await refused(
      changed((r) => r.splice(at - 1, 0, r[at - 2] as string)),
      damage,
    )
    await refused(
      changed((r) => r.splice(at - 1, 2, r[at] as string, r[at - 1] as string)),
      damage,
    )
    await refused(
      changed((r) => r.splice(-1, 1, 'more', '')),
      { code: 'ARCHIVE.DAMAGED', meta: { line: rows.length } },
    )
    await refused(
      changed((r) => r.splice(-2)),
      { code: 'ARCHIVE.INCOMPLETE', meta: { line: rows.length - 1 } },
    )
  })

  it('is refused when it is none, or of a format or with columns that are not known', async () => {
    const unsupported = { code: 'ARCHIVE.UNSUPPORTED' }
    for (const other of ['{"some":"json"}\n', 'a,b,c\n1,2,3\n', '\x7fELF', '[]', ' ']) {
      await refused(Buffer.from(other), unsupported)
    }
    await refused(Buffer.alloc(0), { code: 'ARCHIVE.INCOMPLETE' })
    const [header, ...rest] = lines as [Line, ...Line[]]
    await refused(archiveOf([{ ...header, version: 2 }, ...rest]), { ...unsupported, meta: { version: 2 } })
    await refused(archiveOf([{ ...header, format: 'other' }, ...rest]), unsupported)
    const tables = { ...header.tables, users: [...header.tables.users, 'shoe_size'] }
    await refused(archiveOf([{ ...header, tables }, ...rest]), {
      ...unsupported,
      meta: { table: 'users', unknown: ['shoe_size'] },
    })
  })

  it('is refused when a record has a wrong shape, or refers to what is not there', async () => {
    for (const [table, change, damage, path] of SPOILED) {
      const copy = structuredClone(lines)
      const at = lineOf(table)
      change(copy[at - 1] as Line)
      const meta = { line: at, damage, ...(path !== undefined && { path }) }
      await refused(archiveOf(copy), { code: 'ARCHIVE.DAMAGED', meta })
    }
    const last = lines.length
    const copy = structuredClone(lines)
    ;(copy[last - 1] as Line).counts.users++
    await refused(archiveOf(copy), { code: 'ARCHIVE.DAMAGED', meta: { line: last, damage: 'count' } })
    const twice = structuredClone(lines)
    const user = lineOf('users', 1)
    twice.splice(user - 1, 0, twice[lineOf('users') - 1] as Line)
    await refused(archiveOf(twice), { code: 'ARCHIVE.DAMAGED', meta: { line: user, damage: 'duplicate' } })
  })

  it('is refused where words are read by what is not here, or a vector is too large for the index', async () => {
    const { pool, funes, open } = db()
    const at = lineOf('memories', 17)
    const foreign = structuredClone(lines)
    ;(foreign[at - 1] as Line).row.language = 'klingon'
    await refused(archiveOf(foreign), {
      code: 'ARCHIVE.UNSUPPORTED',
      meta: { line: at, language: 'klingon' },
    })
    // And the model that it was for is not made by that.
    const other = await open({ embedder: textEmbedder('other') })
    const onto = other.archive.import({ from: Readable.from([archiveOf(foreign)]), model: 'other' })
    await expect(onto).rejects.toMatchObject({ code: 'ARCHIVE.UNSUPPORTED' })
    expect(await other.models.get('other')).toBeNull()
    await other.close()

    const { id } = lines.find(({ row }) => row?.name === 'second')?.row ?? {}
    await funes.models.register({ name: 'second', dimensions: 8, metric: 'l2', indexKind: 'hnsw-halfvec' })
    const large = structuredClone(lines)
    const line = 1 + large.findIndex(({ table, row }) => table === 'memory_embeddings' && row.model_id === id)
    const vector = Buffer.from((large[line - 1] as Line).vector, 'base64')
    vector.writeFloatLE(70_000, 4)
    Object.assign(large[line - 1] as Line, { vector: vector.toString('base64') })
    await refused(archiveOf(large), { code: 'EMBEDDING.OUT_OF_RANGE', meta: { line, model: 'second' } })
    await wipe(pool)
  })

  it('is refused, left or taken where the database says something else', async () => {
    const { pool, funes } = db()
    await importing(bytes)
    const archived = await dump(pool)
    const at = 1 + lines.findIndex(({ table, row }) => table === 'memories' && row.source === 'document')
    const { user_id: userId, id } = (lines[at - 1] as Line).row
    await funes.memories.update({ userId, id, importance: 0.123 })
    await pool.query("update tools set enabled = false where name = 'tool 2'")
    const changed = await dump(pool)
    await expect(importing(bytes)).rejects.toMatchObject({
      code: 'ARCHIVE.CONFLICT',
      meta: { line: lineOf('tools', 1), table: 'tools', state: 'differs' },
    })
    await pool.query("update tools set enabled = true where name = 'tool 2'")
    await expect(importing(bytes)).rejects.toMatchObject({
      code: 'ARCHIVE.CONFLICT',
      meta: { line: at, table: 'memories', state: 'differs' },
    })
    await pool.query("update tools set enabled = false where name = 'tool 2'")
    expect(await dump(pool)).toEqual(changed)
    const { rows } = await importing(bytes, { onConflict: 'skip' })
    expect(rows.memories).toMatchObject({ added: 0, replaced: 0, skipped: 1 })
    expect(await dump(pool)).toEqual(changed)
    // A vector under a model that the archive does not know stays with a text that stays.
    await pool.query(
      `insert into embedding_models (name, dimensions, index_kind) values ('later', 2, 'none')`,
    )
    await pool.query(
      `insert into memory_embeddings (user_id, memory_id, model_id, dimensions, embedding)
       select $1, $2, id, 2, '[1,2]' from embedding_models where name = 'later'`,
      [userId, id],
    )
    const replaced = (await importing(bytes, { onConflict: 'replace' })).rows
    expect(
      (await pool.query(`delete from memory_embeddings where dimensions = 2 returning memory_id as id`)).rows,
    ).toEqual([{ id }])
    await pool.query(`delete from embedding_models where name = 'later'`)
    expect([replaced.memories, replaced.tools]).toMatchObject([{ replaced: 1, skipped: 0 }, { replaced: 1 }])
    expect(await dump(pool)).toEqual(archived)
  })

  it('is refused where another memory holds the key of one, and leaves that aside when asked to', async () => {
    const { pool, funes } = db()
    const at = lines.findIndex(({ row }) => row?.idempotency_key)
    const { user_id: userId, id, idempotency_key: idempotencyKey } = (lines[at] as Line).row
    await pool.query('delete from memories where user_id = $1 and id = $2', [userId, id])
    await funes.memories.add({ userId, content: 'another', embedding: null, idempotencyKey })
    const meta = { line: at + 1, state: 'taken' }
    for (const onConflict of ['error', 'replace']) {
      await expect(importing(bytes, { onConflict })).rejects.toMatchObject({ code: 'ARCHIVE.CONFLICT', meta })
    }
    expect((await importing(bytes, { onConflict: 'skip' })).rows.memories).toMatchObject({
      added: 0,
      skipped: 1,
    })
    expect(await funes.memories.get({ userId, id })).toBeNull()
  })

  it('is refused for a model of another kind under the same name', async () => {
    const { pool, funes } = db()
    await wipe(pool)
    await funes.models.register({ name: 'second', dimensions: 16 })
    await refused(bytes, {
      code: 'MODEL.CONFLICT',
      meta: { model: 'second', differs: ['dimensions', 'metric'] },
    })
  })
})
