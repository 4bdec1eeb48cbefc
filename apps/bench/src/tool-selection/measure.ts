import { createFunes, type Embedder, type Funes, type SelectTools } from '@funes/db'
import { createLatencies, type Latencies } from '../measure/latencies.js'
import type { Databases } from '../storage/database.js'
import type { ToolRequest, ToolSet } from './read.js'

/** A way of asking, with Funes's own defaults for everything that it does not name. */
export interface SelectionMode {
  readonly name: string
  readonly options: SelectTools
}

const SELECTION_MODES: readonly SelectionMode[] = [
  { name: 'vector', options: { mode: 'vector' } },
  { name: 'text', options: { mode: 'text' } },
  { name: 'hybrid', options: { mode: 'hybrid' } },
  ...[0.2, 0.3, 0.4, 0.6, 0.7, 0.8].map((vector) => ({
    name: `hybrid, ${vector} : ${Math.round(10 * (1 - vector)) / 10}`,
    options: { mode: 'hybrid' as const, weights: { vector, text: 1 - vector } },
  })),
  { name: 'hybrid by rank', options: { mode: 'hybrid', fusion: 'rank' } },
]

/** What one way of asking found, and how long it took. */
export interface SelectionResult {
  readonly mode: string
  /** The share of requests that have a tool of theirs among the first one, three, five and ten. */
  readonly hit: Readonly<Record<Depth, number>>
  /** The same at five, of every other request, beginning with the first: what defaults were chosen by. */
  readonly hit5Chosen: number
  /** Of the others, which chose nothing. */
  readonly hit5Held: number
  /** The mean of 1 / place of the first right tool, 0 beyond ten. */
  readonly reciprocalRank: number
  readonly latencyMs: { readonly p50: number; readonly p95: number }
}

export const DEPTHS = [1, 3, 5, 10] as const
export type Depth = (typeof DEPTHS)[number]
const DEEPEST = Math.max(...DEPTHS)

export interface SelectionReport {
  readonly engine: 'server' | 'embedded'
  readonly tools: number
  readonly requests: number
  readonly encoder: string
  readonly dimensions: number
  readonly modes: readonly SelectionResult[]
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

/** The place of the first right tool, from 1; Infinity where there is none. */
function placeOf(names: readonly string[], { tools }: ToolRequest): number {
  const at = names.findIndex((name) => tools.includes(name))
  return at === -1 ? Number.POSITIVE_INFINITY : at + 1
}

/** A way of asking with what it has found so far. */
interface Turn {
  readonly mode: SelectionMode
  readonly latencies: Latencies
  readonly places: number[]
}

/** Requests asked before the clock counts. */
const WARM_UP = 20

/** Asks each request in every mode before the next one, beginning with another mode each time. */
async function ask(funes: Funes, { tools, requests }: ToolSet): Promise<Turn[]> {
  const turns = SELECTION_MODES.map((mode): Turn => ({ mode, latencies: createLatencies(), places: [] }))
  const select = ({ options }: SelectionMode, text: string) =>
    funes.tools.select({ ...options, text, k: DEEPEST })
  // Descriptions, as no request that is timed may have been asked before.
  for (const { description } of tools.slice(0, WARM_UP))
    for (const { mode } of turns) await select(mode, description)
  // The vector of a request is made beforehand, by whoever asks it first; that one must not pay for it.
  for (const { text } of requests) await funes.tools.select({ mode: 'vector', text, k: 1 })
  for (const [i, request] of requests.entries()) {
    for (let j = 0; j < turns.length; j++) {
      const { mode, latencies, places } = turns[(i + j) % turns.length] as Turn
      const start = performance.now()
      const hits = await select(mode, request.text)
      latencies.record(performance.now() - start)
      const names = hits.map(({ tool }) => tool.name)
      places.push(placeOf(names, request))
    }
  }
  return turns
}

function resultOf({ mode, latencies, places }: Turn): SelectionResult {
  const within = (depth: number, of: readonly number[]) => mean(of.map((place) => (place <= depth ? 1 : 0)))
  const half = (parity: number) => places.filter((_, i) => i % 2 === parity)
  return {
    mode: mode.name,
    hit: Object.fromEntries(DEPTHS.map((depth) => [depth, within(depth, places)])) as Record<Depth, number>,
    hit5Chosen: within(5, half(0)),
    hit5Held: within(5, half(1)),
    reciprocalRank: mean(places.map((place) => 1 / place)),
    latencyMs: { p50: latencies.ms(50), p95: latencies.ms(95) },
  }
}

/** Registers the catalogue in a database of its own, and asks every request in every mode. */
export async function measureSelection(
  databases: Databases,
  set: ToolSet,
  embedder: Embedder,
  progress: (text: string) => void,
): Promise<SelectionReport> {
  const database = await databases.create()
  try {
    const pool = await database.openPool({ connections: 2 })
    const funes = await createFunes({ pool, embedder })
    try {
      await funes.migrate()
      const registered = await funes.tools.registerMany(set.tools)
      progress(`registered ${registered.length} tools`)
      await pool.query('analyze')
      progress(`asking ${set.requests.length} requests in ${SELECTION_MODES.length} ways`)
      const modes = (await ask(funes, set)).map(resultOf)
      return {
        engine: database.engine,
        tools: registered.length,
        requests: set.requests.length,
        encoder: embedder.model,
        dimensions: embedder.dimensions,
        modes,
      }
    } finally {
      await funes.close()
      await database.closePool(pool)
    }
  } finally {
    await database.drop()
  }
}
