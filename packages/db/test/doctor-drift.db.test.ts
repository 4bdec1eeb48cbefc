import { randomUUID } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { checkPlainIndexes, checkSchema } from '../src/doctor/check-schema.js'
import type { Patient } from '../src/doctor/patient.js'
import type { Executor } from '../src/engine/executor.js'
import type { DoctorFinding, Funes } from '../src/index.js'
import { compile, type Statement } from '../src/sql/statement.js'
import { onEveryEngine } from './engines.js'

const examine = async (funes: Funes) => (await funes.doctor()).findings
const sqlOf = (finding: DoctorFinding | undefined) => finding?.fix?.sql as string
const isBad = ({ severity }: DoctorFinding) => severity === 'error' || severity === 'warning'

onEveryEngine('doctor on a schema that somebody changed', (db) => {
  const run = (sql: string) => db().pool.query(sql)
  const executor: Executor = {
    async run<Row>(statement: Statement<Row>) {
      const { text, values } = compile(statement)
      return (await db().pool.query(text, values)).rows as Row[]
    },
  }
  /** What is wrong with the schema, without the rest of what doctor looks at. */
  const drift = async () =>
    (await Promise.all([checkSchema, checkPlainIndexes].map((check) => check.run({ executor } as Patient))))
      .flat()
      .filter(isBad)

  it('finds nothing wrong with the one that migrations make', async () => {
    expect(await drift()).toEqual([])
    const findings = (await examine(db().funes)).filter(({ id }) => /^(schema|indexes)/.test(id))
    expect(findings).toMatchObject([
      { id: 'schema', severity: 'ok' },
      { id: 'indexes', severity: 'ok' },
    ])
  })

  it.each([
    ['alter table memory_access drop constraint memory_access_pkey', 'schema.constraints', 'error'],
    [
      'alter table memory_embeddings drop constraint memory_embeddings_user_id_memory_id_fkey',
      'schema.constraints',
      'error',
    ],
    [
      'alter table memories drop constraint memories_importance_range, add constraint memories_importance_range check (importance < 5)',
      'schema.constraints-changed',
      'warning',
    ],
    ['drop trigger tool_usage_inserted on tool_usage', 'schema.triggers', 'error'],
    ['alter table tools disable trigger tools_text_changed', 'schema.triggers', 'error'],
    [
      'create or replace function funes_current_tenant() returns text language sql stable as $$ select null::text $$',
      'schema.functions-changed',
      'warning',
    ],
    ['alter function tool_usage_note() security invoker', 'schema.functions-changed', 'warning'],
    ['drop policy funes_scope on sessions', 'schema.policies', 'error'],
    ['alter policy funes_scope on memories using (true)', 'schema.policies-changed', 'warning'],
    ['alter table memory_access alter column access_count type bigint', 'schema.columns-changed', 'error'],
    ['alter table memories alter column metadata drop not null', 'schema.not-null', 'warning'],
    ['alter table memories alter column version drop default', 'schema.defaults', 'error'],
    ['alter table memories alter column importance set default 1', 'schema.defaults-changed', 'warning'],
    ['alter table memories alter column session_id set not null', 'schema.required', 'error'],
    ['drop index users_tenant_idx', 'indexes.missing', 'warning'],
    [
      'drop index users_tenant_idx; create index users_tenant_idx on users (tenant_id)',
      'indexes.changed',
      'warning',
    ],
    ['drop index tool_usage_user_at_idx', 'indexes.missing', 'warning'],
  ])('names it, and its fix mends it: %s', async (broken, id, severity) => {
    await run(broken)
    const findings = await drift()
    expect(findings.map((one) => [one.id, one.severity])).toEqual([[id, severity]])
    // One at a time, as some of them cannot stand in a transaction; a function has semicolons of its own.
    const sql = sqlOf(findings[0])
    const steps = sql.includes('$function$') ? [sql] : sql.split(/(?<=;) /)
    for (const step of steps) await run(step)
    expect(await drift()).toEqual([])
  })

  it('leaves alone what the application has added', async () => {
    await run(`
      create table extra (user_id text references users (id));
      alter table memories add column mine text not null default 'x', add constraint mine_short check (length(mine) < 9);
      create index mine_idx on memories (mine)`)
    expect(await drift()).toEqual([])
    await run('drop table extra; alter table memories drop column mine')
  })

  it('names row-level security that is on for some tables only, and its fix mends it', async () => {
    const role = `funes_doctor_${randomUUID().replaceAll('-', '').slice(0, 16)}`
    await db().funes.tenancy.enable({ role })
    try {
      expect(await drift()).toEqual([])
      await run('alter table sessions no force row level security')
      const [partial] = (await examine(db().funes)).filter(({ id }) => id === 'tenancy.partial')
      expect(partial).toMatchObject({ severity: 'error', detail: expect.stringContaining('sessions') })
      await run(sqlOf(partial))
      expect((await examine(db().funes)).filter(({ id }) => id === 'tenancy.partial')).toEqual([])
    } finally {
      await db().funes.tenancy.disable()
      await run(`drop owned by ${role}; drop role ${role}`)
    }
  })

  it('names partitions that hold dead rows', async () => {
    // The embedded engine counts no rows.
    if (db().engine === 'embedded') return
    await run('alter table tool_usage_default set (autovacuum_enabled = off)')
    await run(`
      insert into tools (name, description, language) values ('t', 'x', 'english');
      insert into tool_usage (id, at, tool_id, success)
      select gen_random_uuid(), '1999-01-01', id, true from tools, generate_series(1, 3000);
      delete from tool_usage`)
    const dead = async () => (await examine(db().funes)).filter(({ id }) => id === 'tables.dead')
    await expect
      .poll(dead, { timeout: 10_000, interval: 250 })
      .toMatchObject([{ title: expect.stringContaining('of tool_usage_default are dead rows') }])
    await run(sqlOf((await dead())[0]))
    expect(await dead()).toEqual([])
  })

  describe('with a clock', () => {
    it('of this machine that is wrong, says by how much', async () => {
      const clock = async () => (await examine(db().funes)).filter(({ id }) => id.startsWith('clock'))
      const [well] = await clock()
      const now = Date.now
      const wrong = vi.spyOn(Date, 'now').mockImplementation(() => now() - 90_000)
      try {
        const [skew] = await clock()
        if (db().engine === 'embedded')
          return expect([well?.id, skew?.id]).toEqual(['clock.not-embedded', 'clock.not-embedded'])
        expect(well?.severity).toBe('ok')
        expect(skew).toMatchObject({
          id: 'clock.skew',
          severity: 'warning',
          title: expect.stringMatching(/(89|90) s ahead of this machine/),
        })
      } finally {
        wrong.mockRestore()
      }
    })
  })
})
