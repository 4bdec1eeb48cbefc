import { describe, expect, it } from 'vitest'
import { heldOutQueries, type SyntheticMemory, syntheticMemories } from '../../src/synthetic/index.js'

const options = { seed: 7, memories: 6000, users: 50, dimensions: 8 }
const all = [...syntheticMemories(options)]

function countBy(key: (memory: SyntheticMemory) => string | number): number[] {
  const counts = new Map<string | number, number>()
  for (const memory of all) counts.set(key(memory), (counts.get(key(memory)) ?? 0) + 1)
  return [...counts.values()].sort((a, b) => b - a)
}

describe('syntheticMemories', () => {
  it('gives the same memories again, and the rest of them from any place on', () => {
    expect([...syntheticMemories({ ...options, from: 5990 })]).toEqual(all.slice(5990))
    expect([...syntheticMemories({ ...options, from: 6000 })]).toEqual([])
  })

  it('gives exactly as many memories and users as asked for', () => {
    expect(all).toHaveLength(6000)
    expect(countBy(({ userId }) => userId)).toHaveLength(50)
    expect([...syntheticMemories({ ...options, memories: 50 })]).toHaveLength(50)
  })

  it('gives few users most of the memories, by the law of Zipf', () => {
    const counts = countBy(({ userId }) => userId)
    // One over the harmonic number of 50 is 0.222.
    expect((counts[0] as number) / 6000).toBeCloseTo(0.222, 1)
    expect((counts[0] as number) / (counts[9] as number)).toBeCloseTo(10, -0.5)
    expect(counts.at(-1)).toBeGreaterThan(0)
  })

  it('gives each memory an id of its own, a UUID of version 7 that begins with its time', () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(6000)
    for (const { id, createdAt } of all) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(Number.parseInt(id.slice(0, 13).replace('-', ''), 16)).toBe(createdAt.getTime())
    }
  })

  it('gives sessions to one user each, in bursts whose turns go forward in time', () => {
    const sessions = new Map<string, SyntheticMemory[]>()
    for (const memory of all)
      sessions.set(memory.sessionId, [...(sessions.get(memory.sessionId) ?? []), memory])
    expect(6000 / sessions.size).toBeGreaterThan(5)
    for (const turns of sessions.values()) {
      expect(new Set(turns.map(({ userId }) => userId)).size).toBe(1)
      expect(turns.map(({ metadata }) => metadata.turn)).toEqual(turns.map((_, i) => i))
      const times = turns.map(({ createdAt }) => createdAt.getTime())
      expect(times).toEqual([...times].sort((a, b) => a - b))
    }
  })

  it('has busy days and quiet nights, busy weeks and quiet weekends', () => {
    const between = (from: number, to: number) =>
      all.filter(({ createdAt }) => createdAt.getUTCHours() >= from && createdAt.getUTCHours() < to).length
    expect(between(9, 12)).toBeGreaterThan(10 * between(1, 4))
    const weekend = all.filter(({ createdAt }) => [0, 6].includes(createdAt.getUTCDay())).length
    // Two of seven days at 0.4 of a weekday: 0.8 of 5.8.
    expect(weekend / 6000).toBeCloseTo(0.8 / 5.8, 1)
  })

  it('writes texts of realistic length: many short ones, few long ones, none of over 2,000 characters', () => {
    const lengths = all.map(({ content }) => content.length).sort((a, b) => a - b)
    const at = (share: number) => lengths[Math.floor(share * lengths.length)] as number
    expect(at(0.5)).toBeGreaterThan(60)
    expect(at(0.5)).toBeLessThan(180)
    expect(at(0.95)).toBeGreaterThan(2.5 * at(0.5))
    expect(lengths.at(-1)).toBeLessThanOrEqual(2000)
    expect(lengths[0]).toBeGreaterThanOrEqual(15)
  })

  it('mixes sources, importance and filterable metadata', () => {
    const share = (n: number | undefined) => (n ?? 0) / 6000
    const [chat, ...others] = countBy(({ source }) => source)
    expect(share(chat)).toBeCloseTo(0.7, 1)
    expect(others).toHaveLength(3)
    expect(all.filter(({ metadata }) => metadata.sample < 100).length / 6000).toBeCloseTo(0.1, 1)
    expect(countBy(({ metadata }) => metadata.channel)).toHaveLength(5)
    for (const { importance } of all) {
      expect(importance).toBeGreaterThanOrEqual(0)
      expect(importance).toBeLessThanOrEqual(1)
    }
  })

  it('refuses fewer memories than users, and numbers that are none', () => {
    expect(() => [...syntheticMemories({ ...options, memories: 49 })]).toThrow(RangeError)
    expect(() => [...syntheticMemories({ ...options, memories: 1.5 })]).toThrow(RangeError)
  })
})

describe('heldOutQueries', () => {
  it('gives vectors that no memory has', () => {
    const stored = new Set(all.map(({ embedding }) => embedding.join()))
    const queries = heldOutQueries({ ...options, count: 100 })
    expect(queries).toHaveLength(100)
    expect(queries.filter((query) => stored.has(query.join()))).toEqual([])
  })
})
