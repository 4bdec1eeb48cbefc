import type { Dataset } from '../dataset/dataset.js'
import type { Driver, Effort, Session } from '../drivers/driver.js'
import type { BenchConfig } from '../result.js'
import type { Database } from '../storage/database.js'

export interface ComparableOptions {
  readonly config: Pick<BenchConfig, 'rows' | 'k' | 'recallFloor'>
  readonly dataset: Dataset
  readonly funes: Driver | undefined
  loaded(driver: Driver, rows: number): Promise<Database>
  recorded(driver: Driver): unknown
  rowsAtMost(driver: Driver): number
  progress(text: string): void
}

interface EffortRecall {
  readonly effort: Effort
  readonly recall: number
}

async function withSession<T>(
  driver: Driver,
  { dataset, config, loaded, recorded, rowsAtMost }: ComparableOptions,
  work: (session: Session, rows: number) => Promise<T>,
): Promise<T> {
  const rows = Math.min(config.rows, rowsAtMost(driver))
  const { dimensions } = dataset
  const database = await loaded(driver, rows)
  const session = await driver.open(database, { connections: 1, dimensions, recorded: recorded(driver) })
  try {
    return await work(session, rows)
  } finally {
    await session.close()
  }
}

/**
 * The first effort that reaches the floor; where none does, the one with the best recall. Found by the trial queries: what
 * is scored later chooses nothing.
 */
function leastEffort(driver: Driver, options: ComparableOptions): Promise<EffortRecall> {
  const { dataset, config } = options
  return withSession(driver, options, async (session, rows) => {
    const judge = await dataset.judge(config.k, { rows, isTrial: true })
    let best: EffortRecall | undefined
    for (const effort of session.efforts) {
      await session.use(effort)
      let sum = 0
      for (const query of dataset.trials)
        sum += judge.recall(query, await session.search({ query, k: config.k }))
      const recall = sum / dataset.trials.length
      if (best === undefined || recall > best.recall) best = { effort, recall }
      if (recall >= config.recallFloor) break
    }
    return best as EffortRecall
  })
}

export type Comparable = (driver: Driver) => Promise<Effort>

/** Finds each driver's comparable effort once. */
export function createComparable(options: ComparableOptions): Comparable {
  const { config, funes, progress } = options
  const known = new Map<string, Promise<Effort>>()

  async function find(driver: Driver): Promise<Effort> {
    if (funes && driver !== funes && driver.storage === funes.storage) {
      const { name } = await comparable(funes)
      const own = await withSession(driver, options, async ({ efforts }) =>
        efforts.find((effort) => effort.name === name),
      )
      if (own) return own
    }
    const { effort, recall } = await leastEffort(driver, options)
    progress(`${driver.name}: recall@${config.k} ${recall.toFixed(3)} at effort "${effort.name}"`)
    return effort
  }

  function comparable(driver: Driver): Promise<Effort> {
    const made = known.get(driver.name) ?? find(driver)
    known.set(driver.name, made)
    return made
  }
  return comparable
}
