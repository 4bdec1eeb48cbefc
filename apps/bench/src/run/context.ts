import type { Dataset } from '../dataset/dataset.js'
import type { Driver, Effort } from '../drivers/driver.js'
import type { BenchConfig, Point, Result, Spread } from '../result.js'
import type { Database } from '../storage/database.js'

/** What a scenario works with. */
export interface ScenarioContext {
  readonly engine: 'server' | 'embedded'
  readonly config: BenchConfig
  readonly dataset: Dataset
  /** Those that run here, in the order they are shown. */
  readonly drivers: readonly Driver[]
  /** The most rows that a driver is measured with. */
  rowsAtMost(driver: Driver): number
  /** A database loaded with the first `rows` rows, indexed. For reading only: all scenarios share it. */
  loaded(driver: Driver, rows?: number): Promise<Database>
  /** How long it took to index that database, in seconds. */
  builtIn(driver: Driver, rows: number): Promise<number>
  /** What the driver's sessions are opened with: its statements, where they were recorded beforehand. */
  recorded(driver: Driver): unknown
  /** The same in a database that the scenario may write to. Shared by drivers of one storage until `scenario` ends. */
  writable(driver: Driver): Promise<Database>
  /** A new database with the storage's tables, empty and without a vector index. Drop it after use. */
  empty(driver: Driver): Promise<Database>
  /**
   * The least effort at which a driver reaches the recall floor, else its best: what makes drivers comparable. A
   * driver on Funes's own storage searches at Funes's effort, so that the two run the very same statement.
   */
  comparable(driver: Driver): Promise<Effort>
  progress(text: string): void
}

export interface Scenario {
  readonly name: string
  /** Its place among the scenarios. */
  readonly order: number
  /** Whether it runs only when it is asked for by name. */
  readonly isOptional?: boolean
  /** Whether it goes up to sizes of its own: drivers that are only measured at small ones take part. */
  readonly hasOwnSizes?: boolean
  readonly title: string
  /** What it answers, in one or two sentences, for the report. */
  readonly about: string
  run(context: ScenarioContext): Promise<Result[]>
  /** What to draw of the results. */
  charts(results: readonly Result[]): readonly Chart[]
}

export interface Dot {
  readonly series: string
  readonly x: number | string
  readonly y: number
  readonly label?: string
  /** Whether the label stands on the chart; else it only shows when pointed at. */
  readonly isLabelled?: boolean
}

/** A figure of the report, apart from how it is drawn. */
export interface Chart {
  readonly kind: 'lines' | 'bars'
  readonly title: string
  readonly x: { readonly label: string; readonly log?: boolean; readonly percentile?: boolean }
  readonly y: { readonly label: string; readonly log?: boolean; readonly from?: number }
  readonly dots: readonly Dot[]
}

/** Makes one result of a scenario. */
export function result(
  scenario: string,
  driver: Driver,
  point: Point,
  figures: Readonly<Record<string, Spread>>,
  more: Pick<Result, 'percentiles' | 'note'> = {},
): Result {
  return { scenario, driver: driver.name, point, figures, ...more }
}
