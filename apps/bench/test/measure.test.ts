import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { alternate, orderOf } from '../src/measure/alternate.js'
import { callByTurns, callInTurn, callSideBySide } from '../src/measure/closed-loop.js'
import { fitGrowth } from '../src/measure/growth.js'
import { createLatencies, p99Of } from '../src/measure/latencies.js'
import { callAtRate } from '../src/measure/open-loop.js'
import { median, spread } from '../src/measure/spread.js'

describe('spread', () => {
  test('the median of an even number of rounds lies between the two middle ones', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(spread([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5 })
  })

  test('there is no median of nothing', () => {
    expect(() => median([])).toThrow(RangeError)
  })
})

describe('latencies', () => {
  test('percentiles are exact to three digits', () => {
    const latencies = createLatencies()
    for (let i = 1; i <= 1000; i++) latencies.record(i)
    expect(latencies.ms(50)).toBeCloseTo(500, -0.5)
    expect(latencies.ms(99)).toBeCloseTo(990, -0.5)
    expect(latencies.count).toBe(1000)
  })

  test('a percentile that no call stands above is left out', () => {
    const latencies = createLatencies()
    for (let i = 1; i <= 100; i++) latencies.record(i)
    const told = latencies.percentiles().map(({ percentile }) => percentile)
    expect(told).toContain(99)
    expect(told).not.toContain(99.9)
    expect(told).toContain(100)
  })

  test('a p99 is that of each round, of all together, or none: as many calls as there are', () => {
    const of = (calls: number, slowest: number) => {
      const latencies = createLatencies()
      for (let i = 1; i < calls; i++) latencies.record(1)
      latencies.record(slowest)
      return latencies
    }
    expect(p99Of([of(100, 90)])).toBeUndefined()
    expect(p99Of([])).toBeUndefined()
    const together = p99Of([of(100, 90), of(100, 80), of(100, 70)])
    expect(together?.median).toBeCloseTo(1, 1)
    expect(together?.low).toBe(together?.high)
    const busy = createLatencies()
    for (let i = 0; i < 200; i++) busy.record(50)
    expect(p99Of([of(200, 90), busy])).toMatchObject({
      low: expect.closeTo(1, 1),
      high: expect.closeTo(50, 0),
    })
  })

  test('adding joins two sets of calls', () => {
    const a = createLatencies()
    const b = createLatencies()
    a.record(1)
    b.record(100)
    a.add(b)
    expect(a.count).toBe(2)
    expect(a.ms(100)).toBeCloseTo(100, 0)
  })
})

describe('loops', () => {
  test('a closed loop of one client has one call in flight', async () => {
    let running = 0
    let most = 0
    const { calls } = await callInTurn(20, async () => {
      most = Math.max(most, ++running)
      await sleep(1)
      running--
    })
    expect({ calls, most }).toEqual({ calls: 20, most: 1 })
  })

  test('a closed loop of four clients has four', async () => {
    let running = 0
    let most = 0
    await callSideBySide(4, 0.1, async () => {
      most = Math.max(most, ++running)
      await sleep(2)
      running--
    })
    expect(most).toBe(4)
  })

  test('an open loop counts the waiting that a stalled service causes, a closed loop does not', async () => {
    const stalling = () => {
      let free = Promise.resolve()
      return (i: number) => {
        // One at a time; the first takes 200 ms, every other one 1 ms.
        const turn = free.then(() => sleep(i === 0 ? 200 : 1)).then(() => {})
        free = turn
        return turn
      }
    }
    const open = await callAtRate(100, 0.3, stalling())
    const closed = await callInTurn(30, stalling())
    expect(open.latencies.ms(50)).toBeGreaterThan(25)
    expect(closed.latencies.ms(50)).toBeLessThan(20)
  })

  test('calls by turns are timed apart, whatever the other takes', async () => {
    const order: string[] = []
    const [slow, quick] = await callByTurns(12, [
      async () => {
        order.push('slow')
        await sleep(50)
      },
      async () => {
        order.push('quick')
      },
    ])
    expect(order.slice(0, 4)).toEqual(['slow', 'quick', 'slow', 'quick'])
    expect(slow?.calls).toBe(12)
    expect(slow?.latencies.ms(50)).toBeGreaterThan(15)
    expect(quick?.latencies.ms(50)).toBeLessThan(5)
    expect(quick?.seconds).toBeLessThan((slow?.seconds ?? 0) / 2)
  })

  test('an open loop counts what was refused, when every call has come back', async () => {
    let back = 0
    const loop = await callAtRate(200, 0.2, async (i) => {
      await sleep(i === 39 ? 50 : 1)
      back++
      if (i === 0 || i === 3) throw new Error(`call ${i} failed`)
    })
    expect(back).toBe(40)
    expect(loop.refusedShare).toBe(0.05)
  })

  test('an open loop takes what was refused for slower than any answer', async () => {
    const all = await callAtRate(400, 0.1, (i) => sleep(i < 10 ? 60 : 5))
    const refusing = await callAtRate(400, 0.1, async (i) => {
      if (i < 10) throw new Error('refused')
      await sleep(5)
    })
    // A quarter is slow, answered or not: to refuse it makes no percentile better.
    expect(all.ms(50)).toBeLessThan(40)
    expect(refusing.ms(50)).toBeLessThan(40)
    expect(all.ms(99)).toBeGreaterThan(40)
    expect(refusing.ms(99)).toBeUndefined()
    expect(refusing.ms(74)).toBeDefined()
    expect(refusing.ms(76)).toBeUndefined()
  })

  test('an open loop of which nothing came back tells why', async () => {
    const loop = callAtRate(200, 0.05, async (i) => {
      await sleep(1)
      throw new Error(`call ${i} failed`)
    })
    await expect(loop).rejects.toThrow('call 0 failed')
  })
})

test('drivers alternate, and each round begins with another one', async () => {
  const order: string[] = []
  const outcomes = await alternate(['a', 'b', 'c'], 3, async (subject, round) => {
    order.push(subject)
    return round
  })
  expect(order.join('')).toBe('abcbaccab')
  expect(outcomes.get('b')).toEqual([0, 1, 2])
})

test('in three rounds nobody has its turn after the same one each time', () => {
  for (const count of [5, 8, 17, 24]) {
    const before = Array.from({ length: count }, () => new Set<number | undefined>())
    for (const round of [0, 1, 2]) {
      const order = orderOf(count, round)
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
      for (const [i, place] of order.entries()) before[place]?.add(order[i - 1])
    }
    for (const seen of before) expect(seen.size).toBeGreaterThan(1)
  }
  expect(orderOf(1, 2)).toEqual([0])
})

describe('growth', () => {
  test('finds the exponent of a power law', () => {
    const points = [1e3, 1e4, 1e5].map((size) => ({ size, cost: 0.2 * size ** 0.3 }))
    const { exponent, factor } = fitGrowth(points)
    expect(exponent).toBeCloseTo(0.3, 6)
    expect(factor).toBeCloseTo(0.2, 6)
  })

  test('one size alone tells nothing', () => {
    expect(() => fitGrowth([{ size: 10, cost: 1 }])).toThrow(RangeError)
  })
})
