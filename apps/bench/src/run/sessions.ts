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
        recorded: context.recorded(driver),
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
  const { dimensions } = context.dataset
  const session = await driver.open(database, {
    connections,
    dimensions,
    recorded: context.recorded(driver),
  })
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

/** What a search found, and what had been stored beside the loaded rows when it was asked. */
interface Answer {
  readonly query: Query
  readonly ids: readonly string[]
  readonly stored: number
}

/** Searches and remembers what was found, so that the recall told is that of the searches that were timed. */
export interface RecordedSearch {
  search(i: number): Promise<void>
  /** Of all searches since the last call: mean recall, and the share of them that gave fewer rows than there are. */
  judged(): Promise<{ recall: number; short: number }>
  /** Forgets the searches so far: they were only to warm up. */
  forget(): void
}

/**
 * @param options.queries to ask; unless given, those for the scope
 * @param options.stored grows by each row that is stored meanwhile: an answer has to have it from then on
 */
export function recordSearches(
  context: ScenarioContext,
  session: Session,
  among: Among,
  options: { queries?: readonly Query[]; stored?: readonly Row[] } = {},
): RecordedSearch {
  const { dataset, config } = context
  const { stored, queries = dataset.queriesWithin(among.scope) } = options
  let found: Answer[] = []
  const forget = () => {
    found = []
  }
  return {
    forget,
    async search(i) {
      const query = queries[i % queries.length] as Query
      const scope = among.scope === undefined ? {} : { scope: among.scope }
      const before = stored?.length ?? 0
      found.push({ query, ids: await session.search({ query, k: config.k, ...scope }), stored: before })
    },
    async judged() {
      const judge = await dataset.judge(config.k, among)
      const recallOf = ({ query, ids, stored: count }: Answer) =>
        judge.recall(query, ids, stored?.slice(0, count))
      const sum = found.reduce((total, answer) => total + recallOf(answer), 0)
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
