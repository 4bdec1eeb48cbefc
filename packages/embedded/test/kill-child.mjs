// A process of its own, to be killed in the middle of a write. Each step changes rows under three kinds of index in one
// transaction and says so when it is committed; kill.db.test.ts knows what the table holds after each.
import { createEmbeddedPool } from '../dist/index.js'

const pool = await createEmbeddedPool({ dataDir: process.argv[2] })
await pool.query(`
  create extension if not exists vector;
  create table if not exists step (n int not null);
  create table if not exists notes (id int primary key, body text not null, words tsvector not null, embedding vector(16) not null);
  create index if not exists notes_words on notes using gin (words);
  create index if not exists notes_embedding on notes using hnsw (embedding vector_l2_ops);
  insert into step select 0 where not exists (select from step);
`)
const { rows } = await pool.query('select n from step')
process.stdout.write('open\n')

for (let n = rows[0].n + 1; ; n++) {
  const client = await pool.connect()
  await client.query('begin')
  await client.query(
    `insert into notes
     select id, repeat('x', $1 % 40 * 100) || id, to_tsvector('simple', 'w' || id), array_fill(id::real, array[16])::vector
     from generate_series($1 * 5, $1 * 5 + 4) id`,
    [n],
  )
  await client.query(
    "update notes set body = 'changed by ' || $1, words = to_tsvector('simple', 'c' || $1) where id = ($1 - 3) * 5",
    [n],
  )
  await client.query('delete from notes where id between ($1 - 6) * 5 and ($1 - 6) * 5 + 2', [n])
  await client.query('update step set n = $1', [n])
  await client.query('commit')
  process.stdout.write(`${n}\n`)
  client.release()
}
