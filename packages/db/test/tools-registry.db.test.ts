import { expect, it } from 'vitest'
import { z } from 'zod'
import { isFunesError, type RegisterTool, type Tool } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { textEmbedder } from './text-embedder.js'
import { toolRaces } from './tool-races.js'

const embedder = textEmbedder('encoder')
let embedded: string[] = []
const counting = {
  ...embedder,
  embed: (texts: readonly string[]) => {
    embedded.push(...texts)
    return embedder.embed(texts)
  },
}

onEveryEngine(
  'the registry of tools',
  (db) => {
    const tools = () => db().funes.tools
    const refusal = (work: Promise<unknown>) =>
      work.then(
        () => undefined,
        (error) => error,
      )
    const refused = async (work: Promise<unknown>) => (await refusal(work))?.code ?? 'taken'
    const one = async (name: string) =>
      (await db().pool.query('select * from tools where name = $1', [name])).rows[0]
    const vectorsOf = async (name: string) =>
      (
        await db().pool.query(
          'select e.* from tool_embeddings e join tools t on t.id = e.tool_id where t.name = $1 order by model_id',
          [name],
        )
      ).rows

    toolRaces(db, embedder, () => embedded.length)

    it('keeps a version for each description and schema, and embeds a text once', async () => {
      embedded = []
      const first = await tools().register({
        name: 'mail',
        description: 'Sends mail.',
        tags: ['b', 'a', 'b'],
      })
      expect(first).toMatchObject({ outcome: 'created', version: 1, tags: ['a', 'b'], enabled: true })
      const row = await one('mail')

      expect(await tools().register({ name: 'mail', description: 'Sends mail.' })).toMatchObject({
        outcome: 'unchanged',
        version: 1,
        tags: ['a', 'b'],
      })
      expect(await one('mail')).toEqual(row)
      expect(embedded).toEqual(['mail: Sends mail.'])

      const parameters = z.object({ to: z.string() })
      expect(await tools().register({ name: 'mail', description: 'Sends mail.', parameters })).toMatchObject({
        outcome: 'versioned',
        version: 2,
        parameters: { type: 'object', required: ['to'] },
      })
      // Another schema leaves the text, and so the vector.
      expect(embedded).toHaveLength(1)
      expect(await vectorsOf('mail')).toHaveLength(1)
      expect(
        await tools().register({ name: 'mail', description: 'Sends letters.', parameters }),
      ).toMatchObject({ outcome: 'versioned', version: 3 })
      expect(embedded).toEqual(['mail: Sends mail.', 'mail: Sends letters.'])
      expect(
        await tools().register({ name: 'mail', description: 'Sends letters.', parameters, tags: [] }),
      ).toMatchObject({ outcome: 'changed', version: 3, tags: [] })

      const { outcome, ...now } = await tools().register({
        name: 'mail',
        description: 'Sends letters.',
        parameters,
      })
      expect(outcome).toBe('unchanged')
      expect(await tools().get({ name: 'mail' })).toEqual(now)
      expect(await tools().get({ name: 'mail', version: 1 })).toMatchObject({
        description: 'Sends mail.',
        parameters: { type: 'object', properties: {} },
        version: 1,
      })
      expect(await tools().get({ name: 'mail', version: 9 })).toBeNull()
      expect(await tools().get({ name: 'none' })).toBeNull()
      const versions = await tools().versions({ name: 'mail' })
      const texts = versions.map(({ version, description }) => `${version} ${description}`)
      expect(texts).toEqual(['1 Sends mail.', '2 Sends mail.', '3 Sends letters.'])
      expect(new Set(versions.map(({ contentHash }) => contentHash)).size).toBe(3)
      expect(versions[0]?.contentHash).toMatch(/^[0-9a-f]{64}$/)
    })

    it('takes vectors that are given, and drops those of a text that is gone', async () => {
      const embedding = Array.from({ length: 16 }, (_, i) => i + 1)
      const tool = { name: 'own', description: 'Has a vector of its own.' }
      expect(await tools().register({ ...tool, embedding })).toMatchObject({ outcome: 'created' })
      const [before] = await vectorsOf('own')
      expect(await tools().register({ ...tool, embedding })).toMatchObject({ outcome: 'unchanged' })
      expect(await tools().register({ ...tool, embedding: null })).toMatchObject({ outcome: 'unchanged' })
      expect(await vectorsOf('own')).toEqual([before])
      await tools().register({ ...tool, embedding: embedding.map((x) => -x) })
      expect((await vectorsOf('own'))[0].embedding).not.toBe(before.embedding)
      await tools().register({ name: 'own', description: 'Says something else.', embedding: null })
      expect(await vectorsOf('own')).toEqual([])
      expect(await refused(tools().register({ ...tool, embedding: [1, 2] }))).toBe(
        'EMBEDDING.DIMENSION_MISMATCH',
      )
      expect(await tools().get({ name: 'own' })).toMatchObject({ version: 2 })
    })

    it('lists by name in pages, by tags and switch', async () => {
      const some = ['l-a', 'l-B', 'l_c', 'lD'].map((name, i) => ({
        ...{ name, description: 'Listed.', embedding: null },
        tags: ['listed', i % 2 ? 'odd' : 'even', ...(i > 1 ? ['late'] : [])],
      }))
      await tools().registerMany(some)
      await tools().disable({ name: 'l_c' })
      const listed: Tool[] = []
      let cursor: string | null = null
      do {
        const page = await tools().list({
          ...{ filter: { tags: ['listed'] }, limit: 3 },
          ...(cursor !== null && { cursor }),
        })
        listed.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      expect(listed.map(({ name }) => name)).toEqual(['l-B', 'l-a', 'lD', 'l_c'])
      const names = async (filter: object) =>
        (await tools().list({ filter: { anyTag: ['listed'], ...filter } })).items.map(({ name }) => name)
      expect(await names({ tags: ['odd', 'late'] })).toEqual(['lD'])
      expect(await names({ noTag: ['late'] })).toEqual(['l-B', 'l-a'])
      expect(await names({ enabled: false })).toEqual(['l_c'])
      expect(await names({ enabled: true, names: ['l_c', 'lD', 'none'] })).toEqual(['lD'])
      expect(await names({ names: [] })).toEqual([])
      expect(await refused(tools().list({ cursor: 'x' }))).toBe('INPUT.INVALID')
    })

    it('leaves a tool disabled when it is registered again, and keeps what is removed', async () => {
      const tool = { name: 'gone', description: 'Comes and goes.' }
      await tools().register(tool)
      expect(await tools().disable({ name: 'gone' })).toMatchObject({ enabled: false })
      expect(await tools().register(tool)).toMatchObject({ outcome: 'unchanged', enabled: false })
      expect(await tools().enable({ name: 'gone' })).toMatchObject({ enabled: true })
      const { id } = await one('gone')
      await db().pool.query(
        `insert into tool_usage (id, tool_id, success, at) values (gen_random_uuid(), $1, true, now())`,
        [id],
      )
      const usages = async () =>
        (await db().pool.query('select 1 from tool_usage where tool_id = $1', [id])).rowCount
      expect(await tools().remove({ name: 'gone' })).toMatchObject({ removedAt: expect.any(Date) })
      expect(await refused(tools().remove({ name: 'gone' }))).toBe('TOOL.NOT_FOUND')
      expect(await refused(tools().enable({ name: 'gone' }))).toBe('TOOL.NOT_FOUND')
      expect(await refused(tools().validateCall('gone', {}))).toBe('TOOL.NOT_FOUND')
      expect(await tools().get({ name: 'gone' })).toBeNull()
      expect(await tools().get({ name: 'gone', includeRemoved: true })).toMatchObject({ version: 1 })
      expect(await tools().versions({ name: 'gone' })).toHaveLength(1)
      expect(await usages()).toBe(1)
      embedded = []
      expect(await tools().register(tool)).toMatchObject({ outcome: 'changed', version: 1, removedAt: null })
      expect(embedded).toEqual([])
      await tools().remove({ name: 'gone', purgeUsage: true })
      expect(await usages()).toBe(0)
      expect(await tools().versions({ name: 'gone' })).toEqual([])
    })

    it('checks calls against the schema of any version', async () => {
      const at = (type: string) => ({
        ...{ name: 'checked', description: 'Is checked.' },
        parameters: { type: 'object', properties: { timeoutMs: { type } }, required: ['timeoutMs'] },
      })
      await tools().register(at('string'))
      await tools().register(at('number'))
      // An argument of the tool's, and no limit of the call that checks it.
      expect(await tools().validateCall('checked', { timeoutMs: -1 })).toEqual({ valid: true, problems: [] })
      expect(await tools().validateCall('checked', { timeoutMs: 'x' }, { timeoutMs: 5000 })).toMatchObject({
        valid: false,
        problems: [{ path: '/timeoutMs', keyword: 'type' }],
      })
      const old = await tools().validateCall('checked', { timeoutMs: 'x' }, { version: 1 })
      expect(old.valid).toBe(true)
      expect(await refused(tools().validateCall('checked', {}, { version: 3 }))).toBe('TOOL.NOT_FOUND')
      expect(await refused(tools().validateCall('none', {}))).toBe('TOOL.NOT_FOUND')
    })

    it('says which of many tools is wrong, counted over all batches, and keeps the batches before', async () => {
      const many = (wrong: object): RegisterTool[] =>
        Array.from({ length: 5 }, (_, i) => ({
          ...{ name: `batched_${i}`, description: 'Comes in batches.', embedding: null },
          ...(i === 4 && wrong),
        }))
      for (const [wrong, code] of [
        [{ description: ' ' }, 'INPUT.INVALID'],
        [{ parameters: { type: 'array' } }, 'TOOL.SCHEMA_INVALID'],
        [{ embedding: [1, 2] }, 'EMBEDDING.DIMENSION_MISMATCH'],
      ] as const) {
        for (const batchSize of [2, 4, 5]) {
          const error = await refusal(tools().registerMany(many(wrong), { batchSize }))
          expect(error).toMatchObject({ code, meta: { place: 4 } })
          expect(error.message).toContain('tools[4]')
        }
      }
      expect(await tools().get({ name: 'batched_3' })).toMatchObject({ version: 1 })
      expect(await tools().get({ name: 'batched_4' })).toBeNull()
      const twins = [0, 1, 2, 3, 3].map((i) => many({})[i] as RegisterTool)
      expect(await refusal(tools().registerMany(twins, { batchSize: 3 }))).toMatchObject({
        meta: { place: 4, path: 'tools[4].name' },
      })
    })

    it('takes a zod schema that contains itself, in the way of zod 4', async () => {
      const node = z.object({
        v: z.string(),
        get kids() {
          return z.array(node)
        },
      })
      await tools().register({ name: 'recursive', description: 'Takes a tree.', parameters: node })
      expect((await tools().validateCall('recursive', { v: 'a', kids: [] })).valid).toBe(true)
      const { problems } = await tools().validateCall('recursive', { v: 'a', kids: [{ v: 1, kids: [] }] })
      expect(problems).toMatchObject([{ path: '/kids/0/v', keyword: 'type' }])
    })

    it('refuses what no provider would take, whole batches of it, and says which', async () => {
      const bad = { name: 'bad name', description: 'x' }
      const names = `|a b|a.b|ä|${'x'.repeat(65)}|'; drop table tools; --|__proto__\u0000`
      for (const name of names.split('|')) {
        expect(await refused(tools().register({ ...bad, name }))).toBe('INPUT.INVALID')
      }
      expect((await tools().register({ name: '__proto__', description: 'Named so.' })).name).toBe('__proto__')
      const wrong = [bad, { ...bad, description: ' ' }].map((tool, i) => ({ ...tool, name: `fine${i}` }))
      const error = await refusal(tools().registerMany(wrong))
      expect(isFunesError(error, 'INPUT.INVALID')).toBe(true)
      expect(error).toMatchObject({ message: expect.stringContaining('tools[1]'), meta: { place: 1 } })
      expect(await tools().get({ name: 'fine0' })).toBeNull()
      const twins = [bad, bad].map((tool) => ({ ...tool, name: 'twin' }))
      expect(await refused(tools().registerMany(twins))).toBe('INPUT.INVALID')
      expect(await refused(tools().register({ ...bad, name: 'x', language: 'klingon' }))).not.toBe('taken')
      expect(await refused(tools().register({ ...bad, name: 'x', more: 1 } as never))).toBe('INPUT.INVALID')
      const texts = ["'; drop table tools; --", '\\', '😀 日本語', '<script>', '%s $1 :* & | !']
      for (const [i, description] of texts.entries()) {
        const kept = await tools().register({ name: `hostile_${i}`, description, tags: [description] })
        expect(kept).toMatchObject({ description, tags: [description] })
      }
    })

    it('is part of a transaction that it is called in', async () => {
      const work = db().funes.transaction(async (tx) => {
        await tx.tools.register({ name: 'undone', description: 'Is undone.' })
        expect(await tx.tools.select({ text: 'Is undone.', k: 1 })).toMatchObject([
          { tool: { name: 'undone' } },
        ])
        throw new Error('no')
      })
      await expect(work).rejects.toThrow('no')
      expect(await tools().get({ name: 'undone' })).toBeNull()
    })

    it('goes over to another model, tools that come meanwhile among them', async () => {
      const { funes, pool } = db()
      const next = textEmbedder('next', 24)
      await funes.models.register({ name: next.model, dimensions: next.dimensions, buildIndex: false })
      const other = await db().open({ embedder: counting, embedders: [next] })
      let hasCome = false
      await funes.models.reembed({
        to: next.model,
        embed: async (texts) => {
          if (!hasCome) await other.tools.register({ name: 'meanwhile', description: 'Came meanwhile.' })
          hasCome = true
          return next.embed(texts)
        },
      })
      const [vector] = await next.embed(['meanwhile: Came meanwhile.'])
      const [hit] = await funes.tools.select({ embedding: vector as Float32Array, k: 1 })
      expect(hit).toMatchObject({ tool: { name: 'meanwhile' } })
      expect(hit?.distance).toBeCloseTo(0, 5)
      const { rows } = await pool.query(
        `select count(*) filter (where e.tool_id is null) as missing
         from tools t
         join tool_embeddings f on f.tool_id = t.id
         left join tool_embeddings e on e.tool_id = t.id and e.model_id = (select id from embedding_models where name = $1)`,
        [next.model],
      )
      expect(rows).toEqual([{ missing: '0' }])
      const indexes = await pool.query(
        `select 1 from pg_indexes where indexname like 'tool_embeddings_hnsw_m%'`,
      )
      expect(indexes.rowCount).toBeGreaterThan(1)
      await other.close()
    })
  },
  { embedder: counting },
)
