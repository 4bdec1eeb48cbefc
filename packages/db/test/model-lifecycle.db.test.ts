import { expect, it } from 'vitest'
import { type Funes, isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { textEmbedder } from './text-embedder.js'

const [a, b, c] = [textEmbedder('a'), textEmbedder('b'), textEmbedder('c', 24)]

onEveryEngine('the lifecycle of a model', (db) => {
  async function opened(name: string) {
    const embedders = [a, b, c].map((e) => ({ ...e, model: `${name}-${e.model}` }))
    const [first, second, third] = embedders as [typeof a, typeof b, typeof c]
    const open = (known: typeof embedders = [first]) =>
      db().open({ embedder: known[0] as typeof a, embedders: known.slice(1) })
    const funes = await open()
    for (const e of embedders) await funes.models.register({ name: e.model, dimensions: e.dimensions })
    return { funes, first, second, third, open }
  }

  const found = async (funes: Funes, userId: string, text: string) => {
    const [hit] = await funes.memories.search({ userId, text, mode: 'vector', k: 1 })
    return hit && Math.abs(hit.distance ?? 1) < 1e-5 ? hit.memory.content : undefined
  }

  it('begins without an index where that is asked for, and the index can follow', async () => {
    const { funes } = db()
    const model = await funes.models.register({
      name: 'bare',
      dimensions: 16_000,
      indexKind: 'hnsw-bit',
      buildIndex: false,
    })
    expect(model.state).toBe('building')
    expect(await funes.indexes.check('bare')).toMatchObject([{ built: false, valid: false, used: null }])
    // Who registers it at its start does not build an index into a load that is under way.
    await funes.models.register({ name: 'bare', dimensions: 16_000 })
    expect(await funes.indexes.check('bare')).toMatchObject([{ built: false }])
    expect(await funes.indexes.build('bare')).toBe(true)
    expect(await funes.indexes.build('bare')).toBe(false)
    expect(await funes.models.get('bare')).toMatchObject({ state: 'active' })
    expect(await funes.indexes.check('bare')).toMatchObject([{ built: true, valid: true, problem: null }])
  })

  it('does not let a model take over while it lacks vectors, unless told to', async () => {
    const { funes, first, second } = await opened('lacking')
    await funes.memories.add({ userId: 'lacking', content: 'one' })
    await expect(funes.models.activate(second.model)).rejects.toMatchObject({
      code: 'MODEL.INCOMPLETE',
      meta: { missing: 1 },
    })
    expect(await funes.models.get(first.model)).toMatchObject({ state: 'active', replacedBy: null })
    const active = await funes.models.activate(second.model, { force: true })
    expect(active).toMatchObject({ name: second.model, state: 'active' })
    expect(await funes.models.get(first.model)).toMatchObject({ state: 'retired', replacedBy: second.model })
  })

  it('does not let a model take over, or go, while tools lack vectors, unless told to', async () => {
    const { funes, first, second } = await opened('tooled')
    const names = ['one', 'two', 'three']
    await funes.tools.registerMany(
      names.map((name) => ({ name, description: name, parameters: { type: 'object', properties: {} } })),
    )
    const found = async () => (await funes.tools.select({ text: 'two: two', mode: 'vector', k: 3 })).length
    expect(await found()).toBe(3)
    await expect(funes.models.activate(second.model)).rejects.toMatchObject({
      code: 'MODEL.INCOMPLETE',
      meta: { missing: 0, missingTools: 3 },
    })
    expect(await found()).toBe(3)
    const other = await db().open({ embedder: second })
    await expect(other.models.retire(first.model)).rejects.toMatchObject({ code: 'MODEL.INCOMPLETE' })
    await funes.models.activate(second.model, { force: true })
    // Retired by force, they are still there to go back to.
    await expect(other.models.retire(first.model, { remove: true })).rejects.toMatchObject({
      code: 'MODEL.INCOMPLETE',
      meta: { missingTools: 3 },
    })
    await funes.models.activate(first.model)
    expect(await found()).toBe(3)
    await funes.tools.remove({ name: 'three' })
    await funes.models.reembed({ to: second.model, embed: second.embed })
    expect((await other.tools.select({ text: 'two: two', mode: 'vector', k: 3 })).length).toBe(2)
  })

  it('leads every process to the model that took over, and back', async () => {
    const { funes, first, second, third, open } = await opened('led')
    await funes.memories.add({ userId: 'led', content: 'tea' })
    const other = await open([first, second, third])
    expect(await found(other, 'led', 'tea')).toBe('tea')
    for (const next of [second, third, first]) {
      await funes.models.reembed({ to: next.model, embed: next.embed })
      const content = `added under ${next.model}`
      // The other process still believes in the model before.
      await other.memories.add({ userId: 'led', content })
      expect(await found(funes, 'led', content)).toBe(content)
      expect(await found(other, 'led', content)).toBe(content)
      expect(await found(await open([first, second, third]), 'led', 'tea')).toBe('tea')
    }
    expect((await funes.models.get(first.model))?.state).toBe('active')
  })

  it('takes no vector for one of a model that it may not be of', async () => {
    const { funes, first, second, third, open } = await opened('raw')
    const vector = (e: typeof a, text: string) => e.embed([text]).then(([v]) => v as Float32Array)
    await funes.memories.add({ userId: 'raw', content: 'tea', embedding: await vector(first, 'tea') })
    const [sameName, textOnly] = [await db().open({ model: first.model }), await open()]
    await textOnly.memories.search({ userId: 'raw', text: 'tea', mode: 'vector' })
    await funes.models.reembed({ to: second.model, embed: second.embed })
    const old = await vector(first, 'coffee')
    for (const call of [
      () => sameName.memories.add({ userId: 'raw', content: 'coffee', embedding: old }),
      () => textOnly.memories.add({ userId: 'raw', content: 'coffee' }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'MODEL.REPLACED' })
    }
    expect(await funes.memories.count({ userId: 'raw' })).toBe(1)
    // The one that changed the model means the new one from now on, and so does who names it.
    for (const knowing of [funes, await db().open({ model: second.model })]) {
      const [hit] = await knowing.memories.search({ userId: 'raw', embedding: await vector(second, 'tea') })
      expect(hit?.distance).toBeCloseTo(0, 5)
    }
    await funes.models.reembed({ to: third.model, embed: third.embed })
    // With another number of dimensions there is no doubt about whose a vector is.
    const [hit] = await sameName.memories.search({ userId: 'raw', embedding: await vector(third, 'tea') })
    expect(hit?.distance).toBeCloseTo(0, 5)
  })

  it('ends by removing vectors and index, never those in use', async () => {
    const { funes, first, second } = await opened('retired')
    await funes.memories.addMany(
      Array.from({ length: 250 }, (_, i) => ({ userId: 'retired', content: `m${i}` })),
    )
    await expect(funes.models.retire(first.model)).rejects.toSatisfy((e) => isFunesError(e, 'MODEL.IN_USE'))
    await expect(funes.models.retire('nowhere')).rejects.toSatisfy((e) => isFunesError(e, 'MODEL.NOT_FOUND'))
    await funes.models.reembed({ to: second.model, embed: second.embed })
    const steps: number[] = []
    const options = { remove: true, batchSize: 100, onProgress: (removed: number) => steps.push(removed) }
    expect(await funes.models.retire(first.model, options)).toEqual({ removed: 250 })
    expect(steps).toEqual([100, 200, 250])
    const [old, now] = await Promise.all([first, second].map((e) => funes.models.get(e.model)))
    const names = (await funes.indexes.list()).map(({ model }) => model)
    expect(names).not.toContain(old?.name)
    expect(names).toContain(now?.name)
    const { rows } = await db().pool.query(
      'select model_id as id, count(*)::int as n from memory_embeddings where model_id = any ($1) group by 1',
      [[old?.id, now?.id]],
    )
    expect(rows).toEqual([{ id: now?.id, n: 250 }])
    expect(await funes.models.retire(first.model, { remove: true })).toEqual({ removed: 0 })
    await expect(funes.models.activate(first.model)).rejects.toMatchObject({ code: 'MODEL.INCOMPLETE' })
  })

  it('is no part of a transaction', async () => {
    const { funes } = db()
    const calls = [
      () => funes.models.reembed({ to: 'default', embed: a.embed }),
      () => funes.models.activate('default'),
      () => funes.models.retire('default'),
      () => funes.indexes.build('default'),
      () => funes.indexes.rebuild('default'),
      () => funes.indexes.drop('default'),
      () => funes.indexes.calibrate(),
    ]
    for (const call of calls) {
      await expect(funes.transaction<unknown>(call)).rejects.toMatchObject({
        code: 'TRANSACTION.NOT_ALLOWED',
      })
    }
  })
})
