import { createVectorSource } from '@funes/corpus/synthetic'
import type { Query } from '../dataset/row.js'
import { loadDrivers } from '../run/discover.js'
import { directoryDatabase, serverDatabase } from '../storage/database.js'

/** What the parent asks, as JSON in FUNES_BENCH_TASK: every user may read a process's arguments, and a URL has a password. */
export interface ChildTask {
  readonly driver: string
  /** A server's database, or a directory of the embedded engine. */
  readonly at: { readonly url: string } | { readonly dataDir: string }
  readonly effort: string
  readonly dimensions: number
  readonly k: number
  readonly seed: number
  readonly searches: number
}

export interface ChildAnswer {
  /** Milliseconds since the process was started. */
  readonly loadedMs: number
  readonly openedMs: number
  readonly firstMs: number
  readonly rssMb: number
  readonly heapMb: number
}

const sinceStart = () => performance.now()

const task = JSON.parse(process.env.FUNES_BENCH_TASK ?? '{}') as ChildTask
const driver = (await loadDrivers([task.driver]))[0]
if (!driver) throw new RangeError(`There is no driver ${task.driver}.`)
const loadedMs = sinceStart()
const { dimensions, k } = task
const database = 'url' in task.at ? serverDatabase(task.at.url) : await directoryDatabase(task.at.dataDir)
const session = await driver.open(database, { connections: 1, dimensions })
const effort = session.efforts.find(({ name }) => name === task.effort)
if (effort) await session.use(effort)
const openedMs = sinceStart()

const source = createVectorSource({ seed: task.seed + 1, dimensions })
const makeQuery = (index: number): Query => {
  const vector = source.at(index)
  return { index, text: '', vector, numbers: Array.from(vector) }
}
const first = makeQuery(0)
await session.search({ query: first, k })
const firstMs = sinceStart()
for (let i = 1; i < task.searches; i++) await session.search({ query: makeQuery(i), k })
// Not the peak that the system tells: a child starts with its parent's.
const { heapUsed, rss } = process.memoryUsage()
const answer: ChildAnswer = {
  loadedMs,
  openedMs,
  firstMs,
  rssMb: rss / 2 ** 20,
  heapMb: heapUsed / 2 ** 20,
}
await session.close()
await database.drop()
process.stdout.write(JSON.stringify(answer))
