import { exactTopK } from '@funes/corpus/exact'
import { type Query, type Row, rowIndex } from './row.js'
import type { Scope } from './scopes.js'

/** Which rows an answer was to come from: the first so many, and of those the ones in a scope if one is given. */
export interface Among {
  readonly rows: number
  readonly scope?: Scope
  /** Whether the trial queries are asked. */
  readonly isTrial?: boolean
}

export interface Judge {
  /** How many rows a full answer has: k, or all there are if they are fewer. */
  readonly wanted: number
  /**
   * The recall of an answer, ids nearest first: from 0 to 1.
   *
   * @param stored rows that had been stored, beyond the first ones, when the question was asked. Given, even as none,
   * an answer may also have rows whose storing was under way.
   */
  recall(query: Query, found: readonly string[], stored?: readonly Row[]): number
}

export interface JudgeOptions {
  readonly k: number
  readonly among: Among
  readonly dimensions: number
  readonly queries: readonly Query[]
  /** The vectors of the first rows, row-major. */
  readonly first: Float32Array
  vectorAt(index: number): Float32Array
  includes(scope: Scope, index: number): boolean
}

/** Single precision holds about seven digits of a distance, half precision in an index only orders. */
const TIE = 1e-5

/** Of unit vectors. */
function cosineDistance(a: Float32Array, b: Float32Array): number {
  let dot = 0
  for (let i = 0; i < a.length; i++) dot += (a[i] as number) * (b[i] as number)
  return 1 - dot
}

function candidates({ among, dimensions, first, includes }: JudgeOptions): Float32Array {
  const { scope, rows } = among
  if (scope === undefined) return first
  const own = Array.from({ length: rows }, (_, i) => i).filter((i) => includes(scope, i))
  const vectors = new Float32Array(own.length * dimensions)
  for (const [i, index] of own.entries()) {
    vectors.set(first.subarray(index * dimensions, (index + 1) * dimensions), i * dimensions)
  }
  return vectors
}

/** @throws RangeError when no row is among those asked for */
export async function createJudge(options: JudgeOptions): Promise<Judge> {
  const { k, among, dimensions, queries, vectorAt, includes } = options
  const { rows, scope } = among
  const vectors = candidates(options)
  const wanted = Math.min(k, vectors.length / dimensions)
  if (wanted === 0) throw new RangeError('no row is in this scope')
  const asked = queries.map(({ vector }) => vector)
  const { distances } = await exactTopK({ vectors, dimensions, queries: asked, k: wanted, cacheDir: null })

  /** How far the last row of a full answer is. */
  function limitOf(query: Query, stored: readonly Row[]): number {
    const best = distances.subarray(query.index * wanted, (query.index + 1) * wanted)
    const last = best[wanted - 1] as number
    const nearer = stored
      .map(({ vector }) => cosineDistance(query.vector, vector))
      .filter((distance) => distance < last)
    return [...best, ...nearer].sort((a, b) => a - b)[wanted - 1] as number
  }

  function isOwn(index: number, mayBeNew: boolean): boolean {
    return index < rows ? scope === undefined || includes(scope, index) : mayBeNew
  }

  return {
    wanted,
    recall(query, found, stored) {
      const limit = limitOf(query, stored ?? []) + TIE
      const right = [...new Set(found)].slice(0, wanted).filter((id) => {
        const index = rowIndex(id)
        return isOwn(index, stored !== undefined) && cosineDistance(query.vector, vectorAt(index)) <= limit
      })
      return right.length / wanted
    },
  }
}
