import { afterAll, expect, test } from 'vitest'
import { createScratchDatabase } from '../src/scratch-database.js'

const scratch = createScratchDatabase()
afterAll(scratch.close)

const LEFT_BEHIND = `
create extension vector;
create schema agents;
create table agents.memory (id serial primary key, embedding vector);
create type mood as enum ('calm');
create function one() returns int language sql as 'select 1';
create role other;
grant application to other;
grant all on agents.memory to other;
alter table agents.memory enable row level security;
create policy mine on agents.memory to application using (true);
alter default privileges grant select on tables to other;
create publication everything for all tables;
set work_mem = '1MB';
begin;
create table undecided (id int);
`

test('a database that is given back is lent again as new, and as the same one', async () => {
  const first = await scratch.borrow(['application', '"with space"'])
  await first.query(LEFT_BEHIND)
  await first.close()

  const second = await scratch.borrow(['application'])
  expect(second.pool).toBe(first.pool)
  const { rows } = await second.pool.query(`
    select (select array_agg(nspname::text) from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema') as schemas,
      (select array_agg(extname::text) from pg_extension) as extensions,
      (select array_agg(rolname::text) from pg_roles where rolname !~ '^pg_' and rolname <> 'postgres') as roles,
      (select count(*)::int from pg_class where oid >= 16384) as relations,
      current_setting('work_mem') <> '1MB' as reset`)
  expect(rows).toEqual([
    { schemas: ['public'], extensions: ['plpgsql'], roles: ['application'], relations: 0, reset: true },
  ])
  await second.query(LEFT_BEHIND)
  await second.close()
})

test('two at the same time are two databases', async () => {
  const [first, second] = [await scratch.borrow([]), await scratch.borrow([])]
  await first.query('create table mine (id int)')
  await expect(second.query('select * from mine')).rejects.toThrow('does not exist')
  await first.close()
  await second.close()
})

test('one that cannot be emptied is not lent again', async () => {
  const first = await scratch.borrow([])
  await first.query('select lo_create(0)')
  await first.close()
  const second = await scratch.borrow([])
  expect(second.pool).not.toBe(first.pool)
  expect((await second.pool.query('select count(*)::int as n from pg_largeobject_metadata')).rows).toEqual([
    { n: 0 },
  ])
  await second.close()
})
