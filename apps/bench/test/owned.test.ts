import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createOwned } from '../src/storage/owned.js'

function createShelf() {
  const there = new Set<string>()
  const owned = createOwned<string>(async (name) => {
    await sleep(20)
    there.delete(name)
  })
  const make = (name: string) =>
    owned.add(name, async () => {
      await sleep(20)
      there.add(name)
    })
  return { there, owned, make }
}

test('the end waits for what is being made, and makes nothing any more', async () => {
  const { there, owned, make } = createShelf()
  const making = make('a')
  await owned.releaseAll()
  await making
  expect([...there]).toEqual([])
  await expect(make('b')).rejects.toThrow('no database is made any more')
  expect([...there]).toEqual([])
})

test('whoever ends a second time waits as long as the first', async () => {
  const { there, owned, make } = createShelf()
  await make('a')
  const first = owned.releaseAll()
  await owned.releaseAll()
  expect([...there]).toEqual([])
  await first
})

test('one that cannot be given back does not keep the others', async () => {
  const there = new Set(['a', 'b'])
  const owned = createOwned<string>(async (name) => {
    if (name === 'a') throw new Error('a stays')
    there.delete(name)
  })
  for (const name of ['a', 'b']) await owned.add(name, async () => {})
  await expect(owned.releaseAll()).rejects.toThrow('a stays')
  expect([...there]).toEqual(['a'])
})

test('what failed while it was made is given back, and told with its own error', async () => {
  const released: string[] = []
  const owned = createOwned<string>(async (name) => {
    released.push(name)
    throw new Error('nothing to give back')
  })
  const failing = owned.add('a', async () => {
    throw new Error('not made')
  })
  await expect(failing).rejects.toThrow('not made')
  expect(released).toEqual(['a'])
})
