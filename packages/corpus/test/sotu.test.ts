import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadSotu, type SotuAddress } from '../src/sotu/index.js'

let all: SotuAddress[]
beforeAll(async () => {
  all = await loadSotu()
})

const passagesOf = (addresses: readonly SotuAddress[]) => addresses.flatMap(({ passages }) => passages)

describe('loadSotu', () => {
  it('gives every address with its president, party and year, oldest first', () => {
    expect(all).toHaveLength(233)
    expect(new Set(all.map(({ president }) => president.id)).size).toBe(43)
    expect(all[0]).toMatchObject({
      id: '1790-george-washington',
      president: { id: 'george-washington', name: 'George Washington' },
      party: null,
      year: 1790,
    })
    expect(all.at(-1)).toMatchObject({ id: '2021-joseph-r-biden', party: 'Democratic', year: 2021 })
    expect(all.map(({ year }) => year)).toEqual(all.map(({ year }) => year).sort((a, b) => a - b))
  })

  it('gives each address and passage an id of its own', () => {
    const ids = passagesOf(all).map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  it('gives clean passages of bounded length', () => {
    const passages = passagesOf(all)
    expect(passages.length).toBeGreaterThan(40_000)
    for (const { id, text } of passages) {
      expect(text.length, id).toBeGreaterThanOrEqual(60)
      expect(text.length, id).toBeLessThanOrEqual(600)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
      expect(text, id).not.toMatch(/[\u0000-\u001f]|\s\s|\[(laughter|applause)/i)
    }
  })

  it('gives the same passages under the same ids, to the last character', () => {
    // What is embedded and stored under an id must not change unnoticed: databases and caches hold it.
    const digest = createHash('sha256')
    for (const { id, text } of passagesOf(all)) digest.update(`${id}\n${text}\n`)
    expect(digest.digest('hex').slice(0, 16)).toBe('86bfef39ca306167')
  })

  it('spreads a limit over all presidents and keeps the ids', async () => {
    const limited = await loadSotu({ limit: 1000 })
    const passages = passagesOf(limited)
    expect(passages).toHaveLength(1000)
    expect(new Set(limited.map(({ president }) => president.id)).size).toBe(43)
    const texts = new Map(passagesOf(all).map(({ id, text }) => [id, text]))
    for (const { id, text } of passages) expect(texts.get(id)).toBe(text)
    const lincoln = limited.filter(({ president }) => president.id === 'abraham-lincoln')
    const share = passagesOf(lincoln).length
    expect(share).toBeGreaterThanOrEqual(20)
    expect(share).toBeLessThanOrEqual(30)
  })

  it('keeps whole addresses whole, within the limit', async () => {
    const whole = ['1863-abraham-lincoln', '1941-franklin-d-roosevelt']
    const limited = await loadSotu({ limit: 700, whole })
    expect(passagesOf(limited)).toHaveLength(700)
    for (const id of whole) {
      expect(limited.find((address) => address.id === id)).toEqual(all.find((address) => address.id === id))
    }
  })

  it('gives one president alone', async () => {
    const own = await loadSotu({ presidents: ['john-f-kennedy'] })
    expect(own.map(({ id }) => id)).toEqual([
      '1961-john-f-kennedy',
      '1962-john-f-kennedy',
      '1963-john-f-kennedy',
    ])
  })

  it('refuses ids it does not have, and limits that are none', async () => {
    await expect(loadSotu({ whole: ['1863-nobody'] })).rejects.toThrow('1863-nobody')
    await expect(loadSotu({ presidents: ['nobody'] })).rejects.toThrow('nobody')
    await expect(loadSotu({ limit: -1 })).rejects.toThrow(RangeError)
  })
})
