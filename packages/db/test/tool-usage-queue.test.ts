import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { NewUsage } from '../src/sql/tool-usage.js'
import { createUsageCounts } from '../src/tools/usage/counts.js'
import { fullToolUsageOptions, type ToolUsageOptions } from '../src/tools/usage/options.js'
import { createUsageQueue } from '../src/tools/usage/queue.js'
import { newUsage } from '../src/tools/usage/write.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const usage = (metadata: Record<string, unknown> = {}) =>
  newUsage({ tool: 'hammer', success: true, metadata })
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A queue, and where what it sends goes: nowhere while it is out. */
function open(options: ToolUsageOptions = {}) {
  const said: string[] = []
  const counts = createUsageCounts((_, message) => said.push(message))
  const stored: (readonly NewUsage[])[] = []
  const tries = { isOut: false, made: 0 }
  const queue = createUsageQueue(fullToolUsageOptions(options), counts, async (batch, isLast) => {
    tries.made += 1
    if (tries.isOut) {
      if (isLast) counts.failed('DB.UNREACHABLE', batch.length)
      return isLast ? [] : batch
    }
    counts.wrote(batch.length)
    stored.push(batch)
    return []
  })
  return { queue, counts, stored, tries, said }
}

it('keeps what it has through an outage of hours, and stores it in order', async () => {
  const { queue, counts, stored, tries } = open({ batchSize: 2 })
  tries.isOut = true
  const usages = Array.from({ length: 5 }, () => usage())
  for (const one of usages) queue.push(one)
  await turn()
  for (let i = 0; i < 500; i++) await vi.advanceTimersByTimeAsync(8_000)
  expect(tries.made).toBeGreaterThan(400)
  expect(counts.stats(queue.size)).toMatchObject({ queued: 5, written: 0, failed: 0 })
  tries.isOut = false
  await vi.advanceTimersByTimeAsync(8_000)
  await queue.flush()
  expect(stored.flat().map(({ id }) => id)).toEqual(usages.map(({ id }) => id))
  expect(counts.stats(queue.size)).toMatchObject({ queued: 0, written: 5, failed: 0 })
})

it('lets nobody wait for a flush who would wait for long, and loses nothing by that', async () => {
  const { queue, counts, tries } = open()
  tries.isOut = true
  queue.push(usage())
  let isOver = false
  const flushed = queue.flush().then(() => {
    isOver = true
  })
  await turn()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(isOver).toBe(false)
  await vi.advanceTimersByTimeAsync(10_000)
  await flushed
  expect(counts.stats(queue.size)).toMatchObject({ queued: 1, failed: 0 })
  tries.isOut = false
  await queue.flush()
  expect(counts.stats(queue.size)).toMatchObject({ queued: 0, written: 1 })
})

it('gives up what cannot be stored when it is closed', async () => {
  const { queue, counts, tries } = open()
  tries.isOut = true
  queue.push(usage())
  const flushed = queue.flush()
  await turn()
  await queue.close()
  await flushed
  expect(counts.stats(queue.size)).toMatchObject({ queued: 0, failed: 1 })
})

it('takes in no more than there is memory for, and sends no more at once than a statement may carry', async () => {
  const { queue, counts, stored, tries } = open({ maxQueued: 1_500, batchSize: 1_000 })
  const large = { text: 'x'.repeat(16_000) }
  tries.isOut = true
  for (let i = 0; i < 1_500; i++) queue.push(usage(large))
  const { dropped } = counts.stats(queue.size)
  expect(queue.size).toBeGreaterThan(200)
  expect(queue.size).toBeLessThan(310)
  expect(dropped.overload).toBe(1_500 - queue.size)
  tries.isOut = false
  await queue.flush()
  expect(Math.max(...stored.map((batch) => batch.length))).toBeLessThan(250)
  for (let i = 0; i < 200; i++) queue.push(usage(large))
  expect(counts.stats(queue.size).dropped).toEqual(dropped)
  await queue.close()
  expect(queue.size).toBe(0)
})

it('does not send single usages while more keep coming', async () => {
  const { queue, stored, tries } = open({ batchSize: 100, flushIntervalMs: 1_000 })
  for (let i = 0; i < 3_000; i++) {
    queue.push(usage())
    if (i % 10 === 0) await vi.advanceTimersByTimeAsync(100)
    if (i % 10 === 0) await turn()
  }
  await queue.flush()
  expect(stored.flat()).toHaveLength(3_000)
  expect(tries.made).toBeLessThan(70)
})

it('says again after an hour that usages are lost, and which tools there are none of', () => {
  const { counts, said } = open()
  counts.dropped('unknownTool', 2, ['spoon', 'a"b'])
  counts.dropped('unknownTool', 1, ['fork'])
  expect(said).toEqual([expect.stringContaining('"spoon", "a\\"b" (said once an hour')])
  vi.setSystemTime(Date.now() + 3_600_000)
  counts.dropped('unknownTool', 6, ['fork', 'b', 'c', 'd', 'e', 'f'])
  expect(said).toHaveLength(2)
  expect(said[1]).toContain('"fork", "b", "c", "d", "e", ...')
})
