import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { onEveryEngine } from './engines.js'

onEveryEngine('memories.touch', (db) => {
  const counts = async () =>
    Object.fromEntries(
      (await db().pool.query('select memory_id, access_count, last_accessed_at from memory_access')).rows.map(
        (row) => [row.memory_id, row],
      ),
    )
  const add = (userId: string) => db().funes.memories.add({ userId, content: 'x', embedding: null })

  it('counts each access, also of one named twice, and knows the last', async () => {
    const { funes } = db()
    const [one, two, three] = await Promise.all([add('ada'), add('ada'), add('bob')])
    expect(await funes.memories.touch(one)).toEqual({ touched: 1 })
    const before = (await counts())[one.id].last_accessed_at
    expect(await funes.memories.touch([one, two, one, three])).toEqual({ touched: 3 })
    const after = await counts()
    expect([one, two, three].map(({ id }) => after[id].access_count)).toEqual([3, 1, 1])
    expect(after[one.id].last_accessed_at.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(await funes.memories.touch([])).toEqual({ touched: 0 })
  })

  it('passes over what is not there, and what is another user’s', async () => {
    const { funes } = db()
    const { id } = await add('carl')
    const keys = [
      { userId: 'dora', id },
      { userId: 'carl', id: randomUUID() },
    ]
    expect(await funes.memories.touch(keys)).toEqual({ touched: 0 })
    expect((await counts())[id]).toBeUndefined()
  })

  it('counts more than fit into one statement, all or none', async () => {
    const { funes } = db()
    const memory = await add('many')
    const keys = Array.from({ length: 10_001 }, () => memory)
    await funes.memories.touch(keys)
    expect((await counts())[memory.id].access_count).toBe(10_001)
    const bad = [...keys, { userId: 'many', id: 'no-uuid' }]
    await expect(funes.memories.touch(bad)).rejects.toMatchObject({ code: 'INPUT.INVALID' })
    expect((await counts())[memory.id].access_count).toBe(10_001)
  })

  it('loses no count when many calls touch the same memories in different orders', async () => {
    const { funes } = db()
    const memories = await Promise.all(Array.from({ length: 5 }, () => add('race')))
    const calls = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? memories : [...memories].reverse()))
    await Promise.all(calls.map((keys) => funes.memories.touch(keys)))
    const after = await counts()
    for (const { id } of memories) expect(after[id].access_count).toBe(20)
  })
})
