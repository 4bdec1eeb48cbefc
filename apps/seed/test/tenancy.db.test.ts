import { randomUUID } from 'node:crypto'
import { createFunes } from '@funes/db'
import pg from 'pg'
import { expect, it } from 'vitest'
import { openDatabase } from '../src/database.js'
import { unseed } from '../src/seed.js'
import { describeOnServer, withServerDatabase } from './engines.js'
import { createScreen, never, runSeed, small, wrongChecks } from './run.js'

describeOnServer('under row-level security', () => {
  it('finds what it stored, and removes all of it and nothing else', () =>
    withServerDatabase(async (url) => {
      const suffix = randomUUID().replaceAll('-', '').slice(0, 16)
      const [owner, app] = [`owner_${suffix}`, `app_${suffix}`]
      const superuser = new pg.Pool({ connectionString: url })
      const seeing = async (text: string) => (await superuser.query(text)).rows
      await superuser.query(`
        create extension vector;
        create role ${owner} login password 'x' createrole;
        grant create on schema public to ${owner};
        grant create on database ${new URL(url).pathname.slice(1)} to ${owner}`)
      const ofOwner = Object.assign(new URL(url), { username: owner, password: 'x' }).toString()
      const open = () => openDatabase({ url: ofOwner, dataDir: undefined }, {}, () => {}, never)
      try {
        const before = await open()
        await runSeed(before, small())
        await before.close()

        const funes = await createFunes({ url: ofOwner })
        await funes.tenancy.enable({ role: app })
        await funes.close()
        await superuser.query("insert into users (id) values ('ada')")

        const database = await open()
        const output = createScreen()
        expect(wrongChecks(await runSeed(database, small(), { output }))).toEqual([])
        expect(output.text).toContain('600 are stored already')
        await unseed(database, output, never)
        expect(output.text).toContain('removed 600 memories of earlier seeds')
        await database.close()
        expect(await seeing('select id from users')).toEqual([{ id: 'ada' }])
        expect(await seeing("select to_regclass('funes_seed.runs') as runs")).toEqual([{ runs: null }])
      } finally {
        await superuser.query(`drop owned by ${owner}; drop role if exists ${app}, ${owner}`)
        await superuser.end()
      }
    }))
})
