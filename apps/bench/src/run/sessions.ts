import type { Among } from '../dataset/dataset.js'
import type { Query, Row } from '../dataset/row.js'
import type { Driver, Session } from '../drivers/driver.js'
import type { Database } from '../storage/database.js'
import type { ScenarioContext } from './context.js'

/** A driver with an open session: what takes its turn. */
export interface Contender {
  readonly driver: Driver
  readonly session: Session
}

/** Opens a session for each driver, gives them to `work`, and closes them whatever happens. */
export async function withSessions<T>(
  context: ScenarioContext,
  options: { connections: number; database: (driver: Driver) => Promise<Database> },
  work: (contenders: readonly Contender[]) => Promise<T>,
): Promise<T> {
  const contenders: Contender[] = []
  try {
    for (const driver of context.drivers) {
      const session = await driver.open(await options.database(driver), {
        connections: options.connections,
        dimensions: context.dataset.dimensions,
      })
      contenders.push({ driver, session })
    }
    return await work(contenders)
  } finally {
    for (const { session } of contenders) await session.close()
  }
}

/** Opens one driver's session for `work`. */
export async function withSession<T>(
  context: ScenarioContext,
  driver: Driver,
  { database, connections }: { database: Database; connections: number },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await driver.open(database, { connections, dimensions: context.dataset.dimensions })
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

/** Rows beyond any that are preloaded. */
const FIRST_NEW = 1_000_000_000

/** Gives rows that no database has yet, each once. */
export function createNewRows({ dataset }: ScenarioContext): (count: number) => Row[] {
  let next = FIRST_NEW
  return (count) => {
    const rows = [...dataset.rows(next, next + count)]
    next += count
    return rows
  }
}

/** Searches and remembers what was found, so that the recall told is that of the searches that were timed. */
export interface RecordedSearch {
  search(i: number): Promise<void>
  /** Of all searches since the last call: mean recall, and the share of them that gave fewer rows than there are. */
  judged(): Promise<{ recall: number; short: number }>
  /** Forgets the searches so far: they were only to warm up. */
  forget(): void
}

export function recordSearches(context: ScenarioContext, session: Session, among: Among): RecordedSearch {
  const { dataset, config } = context
  let found: { query: Query; ids: string[] }[] = []
  const forget = () => {
    found = []
  }
  return {
    forget,
    async search(i) {
      const query = dataset.queries[i % dataset.queries.length] as Query
      const scope = among.scope === undefined ? {} : { scope: among.scope }
      found.push({ query, ids: await session.search({ query, k: config.k, ...scope }) })
    },
    async judged() {
      const judge = await dataset.judge(config.k, among)
      const sum = found.reduce((total, { query, ids }) => total + judge.recall(query, ids), 0)
      const short = found.filter(({ ids }) => ids.length < judge.wanted).length
      const shares = { recall: sum / found.length, short: short / found.length }
      forget()
      return shares
    },
  }
}

/** Mean recall of a session's searches, once through the first queries: whether what was stored can be found. */
export async function recallOf(context: ScenarioContext, session: Session, among: Among): Promise<number> {
  const searches = recordSearches(context, session, among)
  const count = Math.min(50, context.dataset.queries.length)
  for (let i = 0; i < count; i++) await searches.search(i)
  return (await searches.judged()).recall
}

/** Searches a few times unmeasured, for at most two seconds: plans are made, pages are read, code is compiled. */
export async function warmUp(search: (i: number) => Promise<unknown>, times = 20): Promise<void> {
  const end = performance.now() + 2000
  for (let i = 0; i < times && performance.now() < end; i++) await search(i)
}
