/** A figure over several rounds: the median round, and the best and worst. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** What was varied to get a result: `{ effort: 'high', rows: 100000 }`. */
export type Point = Readonly<Record<string, string | number>>

/** The latency below which a share of all calls came back. */
export interface Percentile {
  readonly percentile: number
  readonly ms: number
}

/** One driver at one point of one scenario. Each figure carries its unit in its name. */
export interface Result {
  readonly scenario: string
  readonly driver: string
  readonly point: Point
  readonly figures: Readonly<Record<string, Spread>>
  readonly percentiles?: readonly Percentile[]
  readonly note?: string
}

/** What a run was asked to do. Times are in seconds, sizes in rows. */
export interface BenchConfig {
  readonly profile: string
  readonly seed: number
  readonly dimensions: number
  readonly k: number
  /** Memories that most scenarios run over. */
  readonly rows: number
  /** How many own them. */
  readonly users: number
  /** Queries, none of them among the rows. */
  readonly queries: number
  readonly rounds: number
  readonly scalingRows: readonly number[]
  readonly clients: readonly number[]
  /** Seconds that each closed or open loop of many clients runs. */
  readonly seconds: number
  readonly arrivalRates: readonly number[]
  /** Memories stored one at a time, each round. */
  readonly inserts: number
  readonly bulkRows: number
  /** How often loads and index builds are repeated, where `rounds` would take hours. */
  readonly bulkRounds: number
  /** Memories whose counters are raised in one statement. */
  readonly touched: number
  /** The recall from which a driver's effort counts as comparable. */
  readonly recallFloor: number
  /** Drivers that are measured only at sizes up to this, in scenarios that have such. */
  readonly rowsAtMost?: Readonly<Record<string, number>>
  /** SHA-256 of the first rows and of the queries. */
  readonly data: string
  readonly drivers: readonly string[]
  readonly scenarios: readonly string[]
}

export interface Environment {
  readonly date: string
  readonly commit: string | null
  readonly engine: 'server' | 'embedded'
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly os: string
  readonly node: string
  readonly postgres: string
  readonly pgvector: string
  readonly settings: Readonly<Record<string, string>>
  readonly packages: Readonly<Record<string, string>>
  /** Runnable processes a minute before the run began: above 0.5 others were using the cores. */
  readonly loadAverage: number
}

export interface Report {
  readonly format: 1
  readonly environment: Environment
  readonly config: BenchConfig
  /** Whether every scenario and driver was asked for: then every bound of the gate has to be judged. */
  readonly isWhole?: boolean
  readonly results: readonly Result[]
  /** Drivers and scenarios that did not run, and why. */
  readonly skipped: readonly { what: string; why: string }[]
}
