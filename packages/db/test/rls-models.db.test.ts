import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes } from '../src/index.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'
import { textEmbedder } from './text-embedder.js'

const [old, next, late] = [textEmbedder('old', 8), textEmbedder('next', 12), textEmbedder('late', 8)]

describeOnServer('models under row-level security', () => {
  const suffix = randomUUID().replaceAll('-', '').slice(0, 16)
  const owner = `owner_${suffix}`
  const app = `app_${suffix}`
  const granted = `granted_${suffix}`
  let superuser: pg.Client
  let urlOf: (role: string) => string
  let funes: Funes
  let drop: () => Promise<unknown>

  beforeAll(async () => {
    const database = await emptyServerDatabase()
    drop = database.drop
    urlOf = (role) => {
      const url = new URL(database.url)
      url.username = role
      url.password = 'x'
      return url.toString()
    }
    superuser = new pg.Client({ connectionString: database.url })
    await superuser.connect()
    await superuser.query(`
      create extension vector;
      create role ${owner} login password 'x' createrole;
      create role ${granted} login password 'x';
      grant create on schema public to ${owner}`)
    // As docs/operations.md has it: the owner of the tables, no superuser, and without a word about whose rows it means.
    funes = await createFunes({ url: urlOf(owner), embedder: old, embedders: [next, late] })
    await funes.migrate()
    for (const userId of ['ada', 'bob']) await funes.memories.add({ userId, content: `of ${userId}` })
    await superuser.query(
      `insert into memories (user_id, id, content, content_hash)
       select 'ada', gen_random_uuid(), 'text ' || i, sha256(('text ' || i)::bytea) from generate_series(1, 4100) i`,
    )
    await superuser.query(
      `insert into memory_embeddings (user_id, memory_id, model_id, dimensions, embedding)
       select m.user_id, m.id, model.id, 8, array_agg(random() order by i)::real[]::vector
       from memories m cross join embedding_models model cross join generate_series(1, 8) i
       where model.name = 'old' and m.content like 'text %'
       group by m.user_id, m.id, model.id`,
    )
    await superuser.query('analyze')
    await funes.models.register({ name: next.model, dimensions: next.dimensions })
    await funes.tenancy.enable({ role: app })
  })

  afterAll(async () => {
    await funes?.close()
    for (const role of [owner, app, granted]) {
      await superuser.query(`drop owned by ${role}; drop role ${role}`).catch(() => {})
    }
    await superuser.end()
    await drop()
  })

  const vectors = async (name: string) =>
    (
      await superuser.query(
        `select count(*)::int as n from memory_embeddings e join embedding_models m on m.id = e.model_id where m.name = $1`,
        [name],
      )
    ).rows[0].n

  it('are measured by the memories of all users', async () => {
    const result = await funes.indexes.calibrate({ model: old.model, sample: 10, target: 0.5 })
    expect(result).toMatchObject({ calibrated: true })
  })

  it('do not take over while anybody lacks a vector', async () => {
    await expect(funes.models.activate(next.model)).rejects.toMatchObject({
      code: 'MODEL.INCOMPLETE',
      meta: { missing: 4102 },
    })
    expect(await funes.models.get(old.model)).toMatchObject({ state: 'active' })
  })

  it('are refused to who sees a part, and nothing is changed', async () => {
    await superuser.query(`grant all on all tables in schema public to ${granted}`)
    const other = await createFunes({ url: urlOf(granted), embedder: old, embedders: [next] })
    try {
      for (const call of [
        () => other.models.activate(next.model),
        () => other.models.reembed({ to: next.model }),
        () => other.models.retire(next.model, { remove: true }),
        () => other.indexes.calibrate(),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'DB.PERMISSION_DENIED' })
      }
    } finally {
      await other.close()
    }
    expect(await vectors(old.model)).toBe(4102)
    expect(await funes.models.get(old.model)).toMatchObject({ state: 'active' })
    expect(await funes.models.get(next.model)).toMatchObject({ state: 'active' })
  })

  it('are re-embedded, searched and removed for all users', async () => {
    await superuser.query(`delete from memories where content like 'text %' and content <> 'text 1'`)
    let total = 0
    const { embedded } = await funes.models.reembed({
      to: next.model,
      onProgress: (progress) => {
        total = progress.total
      },
    })
    expect({ embedded, total }).toEqual({ embedded: 3, total: 3 })
    for (const userId of ['ada', 'bob']) {
      const [hit] = await funes.as({ userId }).memories.search({ text: `of ${userId}`, mode: 'vector', k: 1 })
      expect(hit).toMatchObject({ memory: { content: `of ${userId}` } })
    }
    expect(await funes.models.retire(old.model, { remove: true })).toEqual({ removed: 3 })
    expect(await vectors(old.model)).toBe(0)
    expect(await vectors(next.model)).toBe(3)
  })

  it('know which of several has vectors', async () => {
    await funes.models.register({ name: late.model, dimensions: late.dimensions })
    const knowing = await createFunes({ url: urlOf(owner), embedder: late })
    try {
      expect(await knowing.models.reembed({ to: late.model })).toEqual({ embedded: 3 })
    } finally {
      await knowing.close()
    }
  })
})
