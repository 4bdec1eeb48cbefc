import { expect, it } from 'vitest'
import { type Embedder, isFunesError, type ReembedProgress } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { textEmbedder } from './text-embedder.js'
import { faultsOf } from './whole-model.js'

onEveryEngine('re-embedding', (db) => {
  /** A model of so many memories, of one user, and another to go over to. */
  async function prepared(name: string, memories: number) {
    const [old, next] = [textEmbedder(`${name}-old`), textEmbedder(`${name}-new`, 24)]
    const funes = await db().open({ embedder: old })
    for (const e of [old, next]) await funes.models.register({ name: e.model, dimensions: e.dimensions })
    const contents = Array.from({ length: memories }, (_, i) => `${name} ${i}`)
    await funes.memories.addMany(contents.map((content) => ({ userId: name, content })))
    const faults = () => faultsOf(db().pool, next, [name])
    return { funes, old, next, faults }
  }

  it('gives every memory a vector under the new model, then makes it the one in use', async () => {
    const { funes, next, faults } = await prepared('plain', 230)
    const progress: ReembedProgress[] = []
    const { embedded } = await funes.models.reembed({
      to: next.model,
      embed: next.embed,
      batchSize: 50,
      onProgress: (p) => progress.push(p),
    })
    expect(embedded).toBe(230)
    expect(await faults()).toEqual([])
    expect(progress.at(-1)).toMatchObject({ phase: 'switching', done: 230, total: 230, etaMs: 0 })
    expect(progress.map(({ done }) => done)).toEqual(
      [...progress.map(({ done }) => done)].sort((x, y) => x - y),
    )
    expect(progress.find(({ done }) => done === 50)?.etaMs).toBeGreaterThan(0)
    const [hit] = await funes.memories.search({ userId: 'plain', text: 'plain 7', mode: 'vector' })
    expect(hit).toMatchObject({ memory: { content: 'plain 7' } })
    expect(await funes.indexes.check(next.model)).toMatchObject([{ valid: true, problem: null }])
    expect(await funes.models.reembed({ to: next.model, embed: next.embed })).toEqual({ embedded: 0 })
  })

  it('goes on where it was stopped, and makes no vector twice', async () => {
    const { funes, next, faults } = await prepared('stopped', 200)
    const texts: string[] = []
    const embed: Embedder['embed'] = async (batch) => {
      texts.push(...batch)
      return next.embed(batch)
    }
    for (const stopAt of [60, 140]) {
      const stop = new AbortController()
      const onProgress = ({ done }: ReembedProgress) => done >= stopAt && stop.abort(new Error('stopped'))
      const run = funes.models.reembed({
        to: next.model,
        embed,
        batchSize: 20,
        onProgress,
        signal: stop.signal,
      })
      await expect(run).rejects.toMatchObject({ code: 'CALL.ABORTED', cause: { message: 'stopped' } })
      expect((await funes.models.get(next.model))?.state).toBe('building')
    }
    await funes.models.reembed({ to: next.model, embed, batchSize: 20 })
    expect(await faults()).toEqual([])
    expect(new Set(texts).size).toBe(200)
    expect(texts).toHaveLength(200)
  })

  it('changes nothing when the embedder fails, and says why', async () => {
    const { funes, old, next } = await prepared('failing', 30)
    let calls = 0
    const embed: Embedder['embed'] = async (texts) => {
      if (++calls === 2) throw new Error('no GPU')
      return next.embed(texts)
    }
    const run = funes.models.reembed({ to: next.model, embed, batchSize: 10 })
    await expect(run).rejects.toSatisfy((e) => isFunesError(e, 'EMBEDDING.FAILED'))
    expect((await funes.models.get(old.model))?.state).toBe('active')
    // The one that failed is not kept for calls that give none.
    const again = funes.models.reembed({ to: next.model })
    await expect(again).rejects.toSatisfy((e) => isFunesError(e, 'EMBEDDING.REQUIRED'))
    const listening = funes.models.reembed({
      to: next.model,
      embed: next.embed,
      // One that is not waited for would end the process.
      onProgress: async () => {
        throw new Error('no screen')
      },
    })
    await expect(listening).rejects.toThrow('no screen')
    const wrong = funes.models.reembed({ to: next.model, embed: old.embed })
    await expect(wrong).rejects.toSatisfy((e) => isFunesError(e, 'EMBEDDING.DIMENSION_MISMATCH'))
    await expect(
      db()
        .open({ model: old.model })
        .then((f) => f.models.reembed({ to: next.model })),
    ).rejects.toSatisfy((e) => isFunesError(e, 'EMBEDDING.REQUIRED'))
    const [hit] = await funes.memories.search({ userId: 'failing', text: 'failing 3', mode: 'vector' })
    expect(hit?.memory.content).toBe('failing 3')
  })

  it('embeds what is added and changed meanwhile for both, where the new embedder is at hand', async () => {
    const { funes, old, next, faults } = await prepared('both', 60)
    const both = await db().open({ embedder: old, embedders: [next] })
    const { items } = await funes.memories.list({ userId: 'both', limit: 2 })
    const [first, second] = items as [(typeof items)[0], (typeof items)[0]]
    const embedded = new Set<string>()
    let calls = 0
    const embed: Embedder['embed'] = async (texts) => {
      for (const text of texts) embedded.add(text)
      if (++calls === 1) {
        await both.memories.add({ userId: 'both', content: 'added' })
        await both.memories.update({ userId: 'both', id: first.id, content: 'changed' })
        await both.memories.update({ userId: 'both', id: second.id, importance: 1 })
        await both.memories.add({ userId: 'both', content: 'silent', embedding: null })
      }
      return next.embed(texts)
    }
    await funes.models.reembed({ to: next.model, embed, batchSize: 20 })
    expect(await faults()).toEqual(['silent: lost'])
    expect(embedded.has('added') || embedded.has('changed')).toBe(false)
  })

  it('leaves memories without a vector as they are, unless all are asked for', async () => {
    const { funes, next, faults } = await prepared('all', 3)
    await funes.memories.add({ userId: 'all', content: 'silent', embedding: null })
    await funes.models.reembed({ to: next.model, embed: next.embed })
    expect(await faults()).toEqual(['silent: lost'])
    const other = textEmbedder('all-other')
    await funes.models.register({ name: other.model, dimensions: other.dimensions })
    await expect(
      db()
        .open({ model: other.model })
        .then((f) => f.models.reembed({ to: other.model, embed: other.embed })),
    ).rejects.toSatisfy((e) => isFunesError(e, 'INPUT.INVALID'))
    await funes.models.reembed({ to: other.model, embed: other.embed, all: true })
    const lost = (await faultsOf(db().pool, other)).filter((fault) => !fault.endsWith('lost'))
    expect(lost).toEqual([])
    expect(await faultsOf(db().pool, other, ['all'])).toEqual([])
  })

  it('makes vectors of many tools before nobody may write, and of few while nobody may', async () => {
    const { funes, next } = await prepared('many-tools', 1)
    const register = (version: string) =>
      funes.tools.registerMany(
        Array.from({ length: 40 }, (_, i) => ({
          name: `many-${i}`,
          description: `does ${version} ${i}`,
          parameters: { type: 'object', properties: {} },
        })),
      )
    await register('old')
    let phase = ''
    let isChanged = false
    const during: Record<string, number> = {}
    await funes.models.reembed({
      to: next.model,
      batchSize: 10,
      embed: (texts) => {
        during[phase] = (during[phase] ?? 0) + texts.filter((text) => text.includes(': does')).length
        return next.embed(texts)
      },
      onProgress: (progress) => {
        phase = progress.phase
        if (phase !== 'indexing' || isChanged) return
        isChanged = true
        return register('new') as unknown as undefined
      },
    })
    expect(during).toEqual({ embedding: 80 })
    const hits = await funes.tools.select({ text: 'many-7: does new 7', mode: 'vector', k: 1 })
    expect(hits).toMatchObject([{ tool: { name: 'many-7' } }])
  })

  it('takes tools along, by name and description', async () => {
    const { funes, old, next } = await prepared('tools', 1)
    const { pool } = db()
    const id = async (name: string) => (await funes.models.get(name))?.id
    await pool.query(
      `insert into tools (name, description) values ('clock', 'tells the time'), ('mute', 'has no vector')`,
    )
    await pool.query(
      `insert into tool_embeddings (tool_id, model_id, dimensions, embedding)
       select t.id, $1, 16, $2::vector from tools t where name = 'clock'`,
      [await id(old.model), `[${Array.from({ length: 16 }, () => 1)}]`],
    )
    let changed = false
    const embed: Embedder['embed'] = async (texts) => {
      const isTool = texts.some((text) => text.startsWith('clock'))
      // Changed between the making of its vector and the storing.
      if (isTool && !changed)
        await pool.query(`update tools set description = 'tells the hour' where name = 'clock'`)
      changed ||= isTool
      return next.embed(texts)
    }
    expect(await funes.models.reembed({ to: next.model, embed })).toEqual({ embedded: 2 })
    const { rows } = await pool.query(
      `select t.name, 1 - (e.embedding <=> $2::vector) as likeness
       from tool_embeddings e join tools t on t.id = e.tool_id where e.model_id = $1`,
      [await id(next.model), `[${(await next.embed(['clock: tells the hour']))[0]}]`],
    )
    expect(rows).toMatchObject([{ name: 'clock' }])
    expect(rows[0].likeness).toBeCloseTo(1, 5)
  })
})
