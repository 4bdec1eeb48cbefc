import type { Dataset } from '../dataset/dataset.js'
import type { Driver, Effort } from '../drivers/driver.js'
import type { BenchConfig } from '../result.js'
import type { Database } from '../storage/database.js'

/** Recall of each effort of a driver over the held-out queries. */
async function recallByEffort(
  driver: Driver,
  database: Database,
  dataset: Dataset,
  { rows, k }: { rows: number; k: number },
): Promise<{ effort: Effort; recall: number }[]> {
  const session = await driver.open(database, { connections: 1, dimensions: dataset.dimensions })
  try {
    const found: { effort: Effort; recall: number }[] = []
    const judge = await dataset.judge(k, { rows })
    // An exhaustive search takes long and its recall is known after a few.
    const queries = dataset.queries.slice(0, 50)
    for (const effort of session.efforts) {
      await session.use(effort)
      let sum = 0
      for (const query of queries) {
        sum += judge.recall(query, await session.search({ query, k }))
      }
      found.push({ effort, recall: sum / queries.length })
    }
    return found
  } finally {
    await session.close()
  }
}

/** The first effort that reaches the floor; where none does, the one with the best recall. */
function leastEffort(
  measured: readonly { effort: Effort; recall: number }[],
  floor: number,
): { effort: Effort; recall: number } {
  const enough = measured.find(({ recall }) => recall >= floor)
  const best = measured.reduce((a, b) => (b.recall > a.recall ? b : a))
  return enough ?? best
}

export type Comparable = (driver: Driver) => Promise<Effort>

/** Finds each driver's comparable effort once. */
export function createComparable(
  config: Pick<BenchConfig, 'rows' | 'k' | 'recallFloor'>,
  dataset: Dataset,
  funes: Driver | undefined,
  loaded: (driver: Driver) => Promise<Database>,
  progress: (text: string) => void,
): Comparable {
  const known = new Map<string, Promise<Effort>>()

  async function find(driver: Driver): Promise<Effort> {
    const measured = await recallByEffort(driver, await loaded(driver), dataset, config)
    if (funes && driver !== funes && driver.storage === funes.storage) {
      const same = await comparable(funes)
      return measured.find(({ effort }) => effort.name === same.name)?.effort ?? same
    }
    const { effort, recall } = leastEffort(measured, config.recallFloor)
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
