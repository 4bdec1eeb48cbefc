import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type pg from 'pg'
import { createLineWriter } from '../src/archive/format.js'
import type { Funes } from '../src/index.js'
import { random, randomVector } from './vectors.js'

/** Texts that have broken something somewhere. */
export const HOSTILE = [
  "'; drop table memories; --",
  '"quoted" \\back\\slashes\\ \\x00 \\u0000 {"json":[1]}',
  'line\nbreak\r\nand\ttab\u2028separator\u2029',
  'Ünïcødé 漢字 עברית 👩‍👩‍👧‍👦 \u{10ffff} e\u0301',
  '\u0001\u001f\u007f\u0080\ufeff\ufffd',
  '$1 $$ %s %I {{}} $x \\N \\.',
] as const

const next = random(11)
export const vector = () => randomVector(next)

/** Fills a database with everything that an archive holds, `rows` memories and a few strange ones. */
export async function fill(funes: Funes, pool: pg.Pool, rows: number): Promise<void> {
  await funes.models.register({ name: 'second', dimensions: 8, metric: 'l2', indexKind: 'hnsw-vector' })
  const users = ['ann', 'Ann', 'a%', ...HOSTILE.map((text) => text.slice(0, 40))]
  for (const userId of users) {
    await funes.users.ensure({ id: userId, metadata: { said: userId, nested: { '': [null, 1.5, true] } } })
    for (const id of ['s', userId]) {
      await funes.sessions.start({ userId, id, title: userId, metadata: { [userId]: userId } })
    }
  }
  await funes.users.ensure({ id: 'nobody' })
  const memories = Array.from({ length: rows }, (_, i) => {
    const userId = users[i % users.length] as string
    return {
      userId,
      content: `${HOSTILE[i % HOSTILE.length]} number ${i}`,
      embedding: i % 7 === 0 ? null : vector(),
      metadata: { i, text: HOSTILE[(i + 1) % HOSTILE.length] as string, deep: [{ x: i / 3 }] },
      importance: next(),
      source: (['chat', 'tool', 'system', 'document'] as const)[i % 4] as 'chat',
      language: i % 5 === 0 ? 'german' : 'english',
      createdAt: new Date(Date.UTC(1950 + (i % 90), i % 12, 1 + (i % 28), 1, 2, 3, i % 1000)),
      ...(i % 3 === 0 && { sessionId: i % 2 ? 's' : userId }),
      ...(i % 4 === 0 && { idempotencyKey: `key ${i} ${userId}` }),
      ...(i % 10 === 0 && { expiresAt: new Date('2190-05-05T05:05:05.555Z') }),
    }
  })
  await funes.memories.addMany(memories)
  const strange = await funes.memories.add({
    userId: 'ann',
    content: 'once',
    embedding: vector(),
    onDuplicate: 'ignore',
  })
  await funes.memories.update({
    userId: 'ann',
    id: strange.id,
    content: 'twice',
    embedding: vector(),
    actor: HOSTILE[1],
  })
  await funes.memories.touch({ userId: 'ann', id: strange.id })
  const gone = await funes.memories.add({ userId: 'Ann', content: 'deleted', embedding: vector() })
  await funes.memories.delete({ userId: 'Ann', id: gone.id })
  // What only SQL can write.
  const exact = '{"big": 123456789012345678901234567890.12345, "tiny": 1e-300, "zero": -0.0}'
  await pool.query('update memories set metadata = $1::jsonb, importance = 0.1 + 0.2 where id = $2', [
    exact,
    strange.id,
  ])
  await pool.query(`
    insert into memory_embeddings (user_id, memory_id, model_id, dimensions, active, expires_at, embedding, content_mark)
    select user_id, id, (select id from embedding_models where name = 'second'), 8, deleted_at is null, expires_at,
      (select array_agg(random()) from generate_series(1, 8) where id is not null)::real[]::vector, substring(content_hash for 8)
    from memories where source <> 'tool'`)
  await pool.query(
    `insert into tools (name, description, parameters, tags)
     select 'tool ' || i, $1, jsonb_build_object('n', i), array['a', $2, ''] from generate_series(1, 5) i`,
    [HOSTILE[2], HOSTILE[1]],
  )
  await pool.query(`
    insert into tool_versions (tool_id, version, description, content_hash)
    select t.id, v, t.description, sha256('x') from tools t, generate_series(1, 2) v on conflict do nothing`)
  await pool.query(`
    insert into tool_embeddings (tool_id, model_id, dimensions, embedding)
    select id, (select id from embedding_models where name = 'second'), 8, '[1,2,3,4,5,6,7,8]' from tools where id % 2 = 0`)
  await pool.query(
    `insert into tool_usage (id, tool_id, user_id, session_id, success, duration_ms, error, metadata)
     select gen_random_uuid(), t.id, 'ann', 's', i % 2 = 0, i / 7.0, $1, '{"a": 1}' from tools t, generate_series(1, 4) i`,
    [HOSTILE[0]],
  )
  // A model that another took over from.
  await pool.query(`insert into embedding_models (name, dimensions, state, replaced_by, replaced_at, settings)
    select 'old', 4, 'retired', id, now(), '{"kept": true}' from embedding_models where name = 'second'`)
}

const TABLES = [
  'users',
  'sessions',
  'memories',
  'memory_access',
  'memory_embeddings',
  'memory_history',
  'embedding_models',
  'tools',
  'tool_versions',
  'tool_embeddings',
  'tool_usage',
] as const

/** Removes everything, down to what a migrated database has. */
export async function wipe(pool: pg.Pool): Promise<void> {
  await pool.query('truncate users, tools, memories, sessions, tool_usage cascade')
  await pool.query('truncate tool_usage_rollups, tool_usage_deltas')
  await pool.query('update tool_usage_retention set raw_from = null')
  const { rows } = await pool.query(
    "select indexname as name from pg_indexes where indexname ~ '_hnsw_m[0-9]+$' and indexname !~ '_hnsw_m1$'",
  )
  for (const { name } of rows) await pool.query(`drop index ${name}`)
  await pool.query('update embedding_models set replaced_by = null')
  await pool.query("delete from embedding_models where name <> 'default'")
}

/** Sets of names, of which none is worth 16,384 digits in a message. */
const shortBits = (_name: string, value: unknown) =>
  typeof value === 'string' && /^[01]{999,}$/.test(value)
    ? createHash('sha1').update(value).digest('hex')
    : value

/** All rows of all tables, sorted, with the names of models and tools in place of their numbers. */
export async function dump(
  pool: pg.Pool,
  tables: readonly string[] = TABLES,
): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {}
  const names = async (table: string) =>
    new Map((await pool.query(`select id, name from ${table}`)).rows.map(({ id, name }) => [id, name]))
  const models = await names('embedding_models')
  const tools = await names('tools')
  for (const table of tables) {
    const { rows } = await pool.query(
      `select to_jsonb(t) - 'search' as row${table === 'memories' ? ', metadata::text as exact' : ''} from ${table} t`,
    )
    all[table] = rows
      .map(({ row, exact = '' }) => {
        if ('model_id' in row) row.model_id = models.get(row.model_id)
        if ('tool_id' in row) row.tool_id = tools.get(row.tool_id)
        if ('replaced_by' in row) row.replaced_by = models.get(row.replaced_by)
        if (table === 'embedding_models' || table === 'tools') delete row.id
        // When the first model was registered is the target's own matter.
        if (table === 'embedding_models' && row.name === 'default') delete row.created_at
        return JSON.stringify(row, shortBits) + exact
      })
      .sort()
  }
  return all
}

/** How many rows there are in all tables but that of the models. */
export async function countAll(pool: pg.Pool): Promise<number> {
  const tables = TABLES.filter((table) => table !== 'embedding_models')
  const counts = tables.map((table) => `(select count(*) from ${table})`).join(' + ')
  return (await pool.query(`select (${counts})::int as n`)).rows[0].n
}

/** A line of an archive, to be looked at and spoiled. */
// biome-ignore lint/suspicious/noExplicitAny: what a line holds is what these tests are about.
export type Line = Record<string, any>

/** The lines of an archive as objects, without their checksums. */
export function linesOf(bytes: Buffer): Line[] {
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { crc, ...value } = JSON.parse(line)
      return value
    })
}

/** An archive of these lines, whose checksums are right. */
export function archiveOf(lines: readonly object[]): Buffer {
  const writer = createLineWriter()
  return Buffer.concat(
    lines.map((line) => {
      const value = 'end' in line ? { ...line, sha256: writer.digest() } : line
      return writer.line(JSON.stringify(value).slice(0, -1))
    }),
  )
}
