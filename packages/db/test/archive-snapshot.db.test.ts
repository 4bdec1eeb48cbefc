import { randomUUID } from 'node:crypto'
import { PassThrough, Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, it } from 'vitest'
import { createFunes } from '../src/index.js'
import { dump, fill, vector, wipe } from './archive-fixture.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'

describeOnServer('an archive that is written while others write', () => {
  it('holds one moment, of which everything else is there too', async () => {
    const { url, drop } = await emptyServerDatabase()
    const funes = await createFunes({ url })
    const pool = new pg.Pool({ connectionString: url })
    await funes.migrate()
    await fill(funes, pool, 200)
    const before = await dump(pool)
    const chunks: Buffer[] = []
    let writes = 0
    let isDone = false
    async function writeBeside() {
      const ids = (await pool.query("select id from memories where user_id = 'ann' and deleted_at is null"))
        .rows
      for (const { id } of ids) {
        if (isDone) return
        await funes.memories.delete({ userId: 'ann', id })
        await funes.memories.add({ userId: `new ${id}`, content: 'since then', embedding: vector() })
        writes++
      }
    }
    let beside: Promise<void> | undefined
    const to = new Writable({
      async write(chunk, _encoding, done) {
        chunks.push(chunk)
        beside ??= writeBeside()
        // However slow the machine: some are written meanwhile.
        while (writes < 5) await sleep(5)
        done()
      },
    })
    await funes.archive.export({ to, compression: 'none' })
    isDone = true
    await beside
    expect(writes).toBeGreaterThan(3)
    await wipe(pool)
    await funes.archive.import({ from: Readable.from(chunks) })
    expect(await dump(pool)).toEqual(before)
    await funes.close()
    await pool.end()
    await drop()
  })
})

describeOnServer('an archive under row-level security', () => {
  it('is the whole for the owner of the tables, and refused to a role from which rows are hidden', async () => {
    const { url, drop } = await emptyServerDatabase()
    const suffix = randomUUID().replaceAll('-', '').slice(0, 16)
    const [owner, app, login] = [`owner_${suffix}`, `app_${suffix}`, `login_${suffix}`]
    const superuser = new pg.Pool({ connectionString: url })
    await superuser.query(`
      create extension vector;
      create role ${owner} login password 'x' createrole;
      create role ${login} login password 'x';
      grant create on schema public to ${owner}`)
    const as = (role: string) =>
      createFunes({ url: Object.assign(new URL(url), { username: role, password: 'x' }).toString() })
    const funes = await as(owner)
    await funes.migrate()
    await fill(funes, superuser, 20)
    await funes.tenancy.enable({ role: app })
    const before = await dump(superuser)
    const to = new PassThrough()
    const [chunks] = await Promise.all([to.toArray(), funes.archive.export({ to })])
    const bytes = Buffer.concat(chunks)

    await superuser.query("delete from memories where user_id = 'ann'")
    const { rows } = await funes.archive.import({ from: Readable.from([bytes]) })
    expect(rows.memories.added).toBeGreaterThan(0)
    expect(rows.memories.same).toBeGreaterThan(0)
    expect(await dump(superuser)).toEqual(before)
    await wipe(superuser)
    await funes.archive.import({ from: Readable.from([bytes]) })
    expect(await dump(superuser)).toEqual(before)

    await superuser.query(`grant ${app} to ${login}`)
    const application = await as(login)
    await expect(application.archive.export({ to: new PassThrough() })).rejects.toMatchObject({
      code: 'DB.PERMISSION_DENIED',
      meta: { tables: expect.arrayContaining(['memories', 'users']) },
    })
    await application.close()
    await funes.close()
    await superuser.query(`drop owned by ${owner}, ${login}, ${app}; drop role ${owner}, ${login}, ${app}`)
    await superuser.end()
    await drop()
  })
})
