import type { Dataset } from '../dataset/dataset.js'
import type { Driver } from '../drivers/driver.js'
import type { Database, Databases } from '../storage/database.js'
import type { Storage } from '../storage/storage.js'

export interface Fixtures {
  loaded(driver: Driver, rows: number): Promise<Database>
  /** How long it took to build the index of that one, in seconds. */
  builtIn(driver: Driver, rows: number): Promise<number>
  writable(driver: Driver, rows: number): Promise<Database>
  empty(driver: Driver): Promise<Database>
  /** Drops what a scenario may have written to. */
  endScenario(): Promise<void>
}

/** Databases filled once and used by all scenarios. */
export function createFixtures(
  databases: Databases,
  dataset: Dataset,
  progress: (text: string) => void,
): Fixtures {
  const loadedOnes = new Map<string, Promise<Database>>()
  const writableOnes = new Map<string, Promise<Database>>()
  const buildSeconds = new Map<Database, number>()

  async function empty(storage: Storage): Promise<Database> {
    const database = await databases.create()
    await storage.create(database, dataset.dimensions)
    return database
  }

  async function load(storage: Storage, rows: number): Promise<Database> {
    const start = performance.now()
    const database = await empty(storage)
    await storage.load(database, dataset.rows(0, rows))
    const building = performance.now()
    await storage.buildIndex(database, dataset.dimensions)
    buildSeconds.set(database, (performance.now() - building) / 1000)
    await storage.addDefault?.(database)
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    progress(`${storage.name}: ${rows.toLocaleString('en')} rows loaded and indexed in ${seconds} s`)
    return database
  }

  function once(map: Map<string, Promise<Database>>, key: string, make: () => Promise<Database>) {
    const known = map.get(key)
    if (known) return known
    const made = make()
    map.set(key, made)
    return made
  }

  const loaded = ({ storage }: Driver, rows: number) =>
    once(loadedOnes, `${storage.name} ${rows}`, () => load(storage, rows))

  return {
    loaded,
    builtIn: async (driver, rows) => buildSeconds.get(await loaded(driver, rows)) as number,
    writable: (driver, rows) =>
      once(writableOnes, `${driver.storage.name} ${rows}`, async () => {
        const original = await loaded(driver, rows)
        return (await original.copy()) ?? load(driver.storage, rows)
      }),
    empty: ({ storage }) => empty(storage),
    async endScenario() {
      for (const database of writableOnes.values()) await (await database).drop()
      writableOnes.clear()
    },
  }
}
