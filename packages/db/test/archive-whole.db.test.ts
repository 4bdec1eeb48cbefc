import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Funes, RecordUsage } from '../src/index.js'
import { ARCHIVE_TABLE_NAMES } from '../src/sql/archive-tables.js'
import { dump, fill, linesOf, wipe } from './archive-fixture.js'
import { onEveryEngine } from './engines.js'

const DAY = 86_400_000
const MONDAY = Date.parse('2026-08-03T00:00:00Z')
const RAW_FROM = new Date(MONDAY + 14 * DAY)

/** What is not added up yet is in the totals; migrations, and who was purged here a moment ago, are a database's own. */
const NOT_ARCHIVED = ['tool_usage_deltas', '_prisma_migrations', 'purged_users']

const dir = mkdtempSync(join(tmpdir(), 'funes-archive-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const call = (at: number, more: Partial<RecordUsage> = {}): RecordUsage => ({
  ...{
    tool: 'tool 1',
    userId: 'ann',
    sessionId: 's',
    success: true,
    durationMs: 100 + (at % 7),
    inputTokens: 3,
  },
  at: new Date(at),
  ...more,
})

/** Four weeks of usages of two tools, of which the first two are dropped; one of each kind came after that. */
async function use(funes: Funes): Promise<void> {
  const usages = Array.from({ length: 56 }, (_, i) =>
    call(MONDAY + (i / 2) * DAY + 5_000_000 + i, {
      tool: i % 3 ? 'tool 1' : 'tool 2',
      userId: `u${i % 5}`,
      success: i % 4 > 0,
      ...(i % 4 === 0 && { error: { class: `Dry ${i % 3}`, message: 'at all' } }),
      ...(i % 2 && { outputTokens: i }),
    }),
  )
  await funes.tools.recordUsageMany(usages, { wait: true })
  await funes.tools.dropUsageBefore({ before: RAW_FROM })
  await funes.tools.sweepUsage()
  await funes.tools.recordUsage({ ...call(MONDAY + 100, { durationMs: 7 }), wait: true })
  await funes.tools.recordUsage({ ...call(MONDAY + 20 * DAY, { durationMs: 7 }), wait: true })
}

/** Everything that can be asked about usages. */
async function askedOf({ tools }: Funes) {
  const range = { since: new Date(MONDAY), until: new Date(MONDAY + 28 * DAY) }
  const answers: unknown[] = []
  for (const tool of [undefined, 'tool 2'])
    for (const bucket of [undefined, 'day'] as const)
      for (const exact of [true, false])
        answers.push(
          await tools.usage({
            ...range,
            ...(tool && { tool }),
            ...(bucket && { bucket }),
            exact,
          }),
        )
  answers.push(await tools.usage({ ...range, userId: 'u1' }), await tools.failing({ ...range, minCalls: 1 }))
  return answers
}

onEveryEngine('an archive holds', (db) => {
  const path = join(dir, 'whole.gz')
  let asked: unknown[]

  beforeAll(async () => {
    const { funes, pool } = db()
    await fill(funes, pool, 30)
    await pool.query(`update tools set version = 3 where name = 'tool 2'`)
    // Sums of thirds depend on their order.
    await pool.query('update tool_usage set duration_ms = 5')
    await use(funes)
    // What nothing else gives a value of its own.
    await pool.query(
      `update sessions set ended_at = '2026-01-01T00:00:00Z', started_at = '2025-01-01' where id = 's'`,
    )
    await pool.query(`update users set tenant_id = 'house', created_at = '2025-01-01' where id = 'ann'`)
    await pool.query(`
      update tools set removed_at = '2026-01-01', enabled = false, version = 2, language = 'german', search_text = 'words',
        created_at = '2025-01-01', updated_at = '2025-01-01' where name = 'tool 5'`)
    await pool.query(`update tool_embeddings set content_mark = sha256('x')`)
    await pool.query(`update memory_embeddings set expires_at = '2190-01-01' where model_id <> 1`)
    await pool.query(`update tool_versions set parameters = '{"n": 1}', created_at = '2025-01-01'`)
    await pool.query(`
      update embedding_models set calibration = '{"a": 1}', metric = 'inner-product', created_at = '2025-01-01' where name = 'old'`)
    await pool.query(`
      update memories set dedup_key = content_hash, updated_at = '2025-01-01' where version = 2`)
  })

  it('every column of every table that the catalogue has, with what stands in it', async () => {
    const { funes, pool } = db()
    const { rows: columns } = await pool.query<{
      table: string
      name: string
      type: string
      default: string | null
    }>(`
      select c.table_name as table, c.column_name as name, c.udt_name as type, c.column_default as default
      from information_schema.columns c
      join pg_class r on r.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
      where c.table_schema = current_schema() and r.relkind in ('r', 'p') and not r.relispartition
        and c.is_generated = 'NEVER'`)
    const tables = [...new Set(columns.map(({ table }) => table))].filter((t) => !NOT_ARCHIVED.includes(t))
    expect(tables.sort()).toEqual([...ARCHIVE_TABLE_NAMES].sort())

    // A column in which there is nothing but what it has by itself would be missed by nobody.
    const empty: string[] = []
    for (const { table, name, default: given } of columns.filter((c) => tables.includes(c.table))) {
      const isOwn = name === 'id' || given?.startsWith('nextval')
      const plain = given === null || isOwn ? 'null' : given
      const { rows } = await pool.query(
        `select exists (select from "${table}" where "${name}" is distinct from ${plain}) as filled`,
      )
      if (!rows[0].filled) empty.push(`${table}.${name}`)
    }
    expect(empty).toEqual([])

    asked = await askedOf(funes)
    await funes.archive.export({ to: path, compression: 'gzip' })
    // Rows that came after their week was dropped are counted, and not kept.
    await pool.query('delete from tool_usage_default where at < $1', [RAW_FROM])
    await funes.tools.sweepUsage()
    const before = await dump(pool, tables)
    const plain = join(dir, 'plain')
    await funes.archive.export({ to: plain, compression: 'none' })
    const [header] = linesOf(readFileSync(plain))
    for (const { table, name, type } of columns) {
      if (tables.includes(table) && type !== 'vector') expect(header?.tables[table]).toContain(name)
    }
    await wipe(pool)
    const { rows } = await funes.archive.import({ from: path })
    expect(rows.tool_usage_rollups).toMatchObject({ same: 0, replaced: 0, skipped: 0 })
    expect(rows.tool_usage_rollups.added).toBeGreaterThan(20)
    await funes.tools.sweepUsage()
    expect(await dump(pool, tables)).toEqual(before)
  })

  it('totals of usages whose rows were dropped, and counts no row twice', async () => {
    const { funes, pool } = db()
    expect((asked[1] as { calls: number }).calls).toBe(56 + 2)
    expect(await askedOf(funes)).toEqual(asked)
    const again = await funes.archive.import({ from: path })
    for (const table of ['tool_usage', 'tool_usage_rollups'] as const)
      expect(again.rows[table]).toMatchObject({ added: 0, replaced: 0, skipped: 0 })
    expect(again.rows.tool_usage_rollups.same).toBeGreaterThan(20)
    expect(await askedOf(funes)).toEqual(asked)
    // Cells that both have are no sum of both.
    await pool.query('update tool_usage_rollups set calls = calls + 1 where start < $1 and grain = 1440', [
      RAW_FROM,
    ])
    await expect(funes.archive.import({ from: path })).rejects.toMatchObject({
      code: 'ARCHIVE.CONFLICT',
      meta: { table: 'tool_usage_rollups' },
    })
    await funes.archive.import({ from: path, onConflict: 'replace' })
    expect(await askedOf(funes)).toEqual(asked)
  })

  it('no totals of all users where some were asked for', async () => {
    const { funes } = db()
    const to = join(dir, 'ann.jsonl')
    const { counts } = await funes.archive.export({ to, users: ['ann'], compression: 'none' })
    expect(counts).not.toHaveProperty('tool_usage_rollups')
    const [header] = linesOf(readFileSync(to))
    expect(header).toMatchObject({ only: { users: ['ann'], includeDeleted: true } })
    expect(header?.tables).not.toHaveProperty('tool_usage_retention')
  })
})
