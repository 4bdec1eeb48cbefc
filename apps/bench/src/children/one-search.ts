import { readFileSync } from 'node:fs'
import { loadDrivers } from '../run/discover.js'
import { directoryDatabase, serverDatabase } from '../storage/database.js'

/** What the parent asks, as JSON on standard input: every user may read a process's arguments, and a URL has a password. */
export interface ChildTask {
  readonly driver: string
  /** A server's database, or a directory of the embedded engine. */
  readonly at: { readonly url: string } | { readonly dataDir: string }
  readonly effort: string
  readonly dimensions: number
  readonly k: number
  readonly seed: number
  /** How many queries of the data set there are to ask, over and over. */
  readonly queries: number
  readonly searches: number
  /** What the driver's sessions are opened with. */
  readonly recorded: unknown
}

export interface ChildAnswer {
  /** Milliseconds since the process was started. */
  readonly loadedMs: number
  readonly openMs: number
  readonly firstMs: number
  readonly rssMb: number
  readonly heapMb: number
  /** The ids that were found for each query, the first time it was asked. */
  readonly found: readonly (readonly string[])[]
}

/** Bytes come over JSON as Node writes them. */
const revived = (_: string, value: { type?: unknown; data?: number[] } | null) =>
  value?.type === 'Buffer' && Array.isArray(value.data) ? Buffer.from(value.data) : value

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now()
  const made = await work()
  return [made, performance.now() - start]
}

const task = JSON.parse(readFileSync(0, 'utf8'), revived) as ChildTask
const driver = (await loadDrivers([task.driver]))[0]
if (!driver) throw new RangeError(`There is no driver ${task.driver}.`)
const loadedMs = performance.now()
// Making what is asked is no part of what is measured.
const { createQueries } = await import('../dataset/dataset.js')
const queries = createQueries({ ...task, count: task.queries })
const { dimensions, k, recorded } = task

const [{ database, session }, openMs] = await timed(async () => {
  const opened = 'url' in task.at ? serverDatabase(task.at.url) : await directoryDatabase(task.at.dataDir)
  const begun = await driver.open(opened, { connections: 1, dimensions, recorded })
  const effort = begun.efforts.find(({ name }) => name === task.effort)
  if (effort) await begun.use(effort)
  return { database: opened, session: begun }
})
const search = (i: number) =>
  session.search({ query: queries[i % queries.length] as (typeof queries)[number], k })
const [first, firstMs] = await timed(() => search(0))
const found = [first]
for (let i = 1; i < task.searches; i++) {
  const ids = await search(i)
  if (i < queries.length) found.push(ids)
}
// Not the peak that the system tells: a child starts with its parent's.
const { heapUsed, rss } = process.memoryUsage()
const answer: ChildAnswer = {
  ...{ loadedMs, openMs, firstMs, found },
  rssMb: rss / 2 ** 20,
  heapMb: heapUsed / 2 ** 20,
}
await session.close()
await database.drop()
process.stdout.write(JSON.stringify(answer))
