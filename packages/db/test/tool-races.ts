import type { PoolClient } from 'pg'
import { expect, it } from 'vitest'
import type { Embedder, RegisterTool } from '../src/index.js'
import type { TestDatabase } from './engines.js'

/**
 * What is so of tools that several write at once.
 *
 * @param embedder that of the database under test
 * @param embedded how many texts it has embedded
 */
export function toolRaces(db: () => TestDatabase, embedder: Embedder, embedded: () => number): void {
  const tools = () => db().funes.tools
  const isServer = () => db().engine === 'server'
  const one = async (name: string) =>
    (await db().pool.query('select * from tools where name = $1', [name])).rows[0]

  /** Has `write` done by another connection, which commits only when `work` waits for it. */
  async function meanwhile<T>(write: (client: PoolClient) => Promise<unknown>, work: () => Promise<T>) {
    const { pool } = db()
    const client = await pool.connect()
    try {
      await client.query('begin')
      await write(client)
      const result = work()
      const waits = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      while ((await pool.query(waits)).rowCount === 0) await new Promise((wake) => setTimeout(wake, 10))
      await client.query('commit')
      return await result
    } finally {
      client.release()
    }
  }

  it('registers many in one go, each once however many do it at once', async () => {
    const before = embedded()
    const many = (text: string): RegisterTool[] =>
      Array.from({ length: 30 }, (_, i) => ({ name: `many_${i}`, description: `${text} ${i}.` }))
    const made = await tools().registerMany(many('Does'), { batchSize: 20 })
    expect(made.map(({ outcome }) => outcome)).toEqual(Array(30).fill('created'))
    expect(made.map(({ name }) => name)).toEqual(many('').map(({ name }) => name))
    expect(embedded() - before).toBe(30)

    const shuffled = (text: string, by: number) =>
      many(text).map((_, i, all) => all[(i * 7 + by) % 30] as RegisterTool)
    const runs = await Promise.all([
      ...[0, 1, 2].map((by) => tools().registerMany(shuffled('Makes', by))),
      ...[3, 4].map((by) => tools().registerMany(shuffled('Does', by))),
    ])
    expect(runs.flat()).toHaveLength(150)
    for (const tool of made) {
      const row = await one(tool.name)
      const versions = await tools().versions({ name: tool.name })
      expect(versions.map(({ version }) => version)).toEqual(versions.map((_, i) => i + 1))
      expect(versions.at(-1)).toMatchObject({ version: row.version, description: row.description })
      // Whoever came last, the vector is that of the text that stayed.
      const [vector] = await embedder.embed([`${row.name}: ${row.description}`])
      const [hit] = await tools().select({ embedding: vector as Float32Array, k: 1 })
      expect(hit?.tool.name).toBe(tool.name)
      expect(hit?.distance).toBeCloseTo(0, 5)
    }
  })

  it('makes one tool of one name that many register for the first time', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        tools().register({ name: 'contested', description: i % 2 ? 'Odd.' : 'Even.' }),
      ),
    )
    expect(results.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
    const versions = await tools().versions({ name: 'contested' })
    expect(versions).toHaveLength(
      results.filter(({ outcome }) => outcome === 'created' || outcome === 'versioned').length,
    )
    const { id } = await one('contested')
    expect((await db().pool.query('select 1 from tool_embeddings where tool_id = $1', [id])).rowCount).toBe(1)
  })

  it('registers what was asked for, though another changed it in the same moment', async ({ skip }) => {
    if (!isServer()) skip('the embedded engine has one connection')
    const was = { name: 'raced', description: 'As it was.', tags: ['old'] }
    const asked = { ...was, tags: ['new'], enabled: false, language: 'simple' }
    await tools().register(was)
    const registered = await meanwhile(
      (client) => client.query(`update tools set description = 'Other.', version = 2 where name = 'raced'`),
      () => tools().register(asked),
    )
    expect(registered).toMatchObject({ ...asked, outcome: 'versioned', version: 3 })
    const kept = { ...asked, version: 3 }
    expect(await tools().get({ name: 'raced' })).toMatchObject(kept)
    const [hit] = await tools().select({ text: 'raced: As it was.', k: 1, filter: { enabled: 'any' } })
    expect(hit).toMatchObject({ tool: kept })
    expect(hit?.distance).toBeCloseTo(0, 5)
  })

  it('answers with what there is when another has just made it so', async ({ skip }) => {
    if (!isServer()) skip('the embedded engine has one connection')
    const asked = { name: 'agreed', description: 'Is agreed on.', tags: ['new'] }
    await tools().register({ ...asked, tags: ['old'] })
    const registered = await meanwhile(
      (client) => client.query(`update tools set tags = '{new}' where name = 'agreed'`),
      () => tools().register(asked),
    )
    expect(registered).toMatchObject({ ...asked, outcome: 'unchanged', version: 1 })
  })

  it('makes a vector anew for a tool that was removed for good in the same moment', async ({ skip }) => {
    if (!isServer()) skip('the embedded engine has one connection')
    const asked = { name: 'purged', description: 'Is purged.', tags: ['new'] }
    await tools().register({ ...asked, tags: ['old'] })
    const registered = await meanwhile(
      (client) => client.query(`delete from tools where name = 'purged'`),
      () => tools().register(asked),
    )
    expect(registered).toMatchObject({ ...asked, outcome: 'created', version: 1 })
    const [hit] = await tools().select({ text: 'purged: Is purged.', k: 1 })
    expect(hit).toMatchObject({ tool: { name: 'purged' } })
    expect(hit?.distance).toBeCloseTo(0, 5)
  })

  it('ends with one of those that were asked for, whole, whatever it is that they differ in', async () => {
    const asked = Array.from({ length: 12 }, (_, i) => ({
      name: 'whole',
      description: `Says ${i % 3}.`,
      tags: [`t${i}`],
      enabled: i % 2 === 0,
    }))
    const answers = await Promise.all(asked.map((tool) => tools().register(tool)))
    for (const [i, answer] of answers.entries()) expect(answer).toMatchObject(asked[i] as object)
    const last = await tools().get({ name: 'whole' })
    expect(asked).toContainEqual({
      ...{ name: last?.name, description: last?.description, tags: last?.tags, enabled: last?.enabled },
    })
    const versions = await tools().versions({ name: 'whole' })
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, i) => i + 1))
    expect(versions.at(-1)).toMatchObject({ version: last?.version, description: last?.description })
    const [hit] = await tools().select({
      ...{ text: `whole: ${last?.description}`, mode: 'vector', k: 1, filter: { enabled: 'any' } },
    })
    expect(hit).toMatchObject({ tool: { name: 'whole' } })
    expect(hit?.distance).toBeCloseTo(0, 5)
  })

  it('keeps the versions of a tool that was written by other means', async () => {
    const { funes } = db()
    const parameters = { type: 'object', properties: {} }
    const made = { description: 'Was written.', parameters, searchText: 'Was written.' }
    await funes.prisma.tool.create({ data: { name: 'foreign', ...made } })
    await funes.prisma.tool.create({ data: { name: 'strange', ...made } })
    const foreign = { name: 'foreign', description: made.description, tags: ['a'] }
    expect(await tools().register(foreign)).toMatchObject({ outcome: 'changed', version: 1 })
    expect(await tools().get({ name: 'foreign', version: 1 })).toMatchObject({ version: 1 })
    const other = { name: 'strange', description: 'Is another.' }
    expect(await tools().register(other)).toMatchObject({ outcome: 'versioned', version: 2 })
    const texts = (await tools().versions({ name: 'strange' })).map(({ description }) => description)
    expect(texts).toEqual(['Was written.', 'Is another.'])
  })
}
