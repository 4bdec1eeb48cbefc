import { exactTopK } from '@funes/corpus/exact'
import { createVectorSource } from '@funes/corpus/synthetic'
import { contentOf } from './content.js'
import { ownerOf } from './owners.js'
import { type Query, type Row, rowId, rowIndex } from './row.js'

/** Which rows an answer was to come from: the first so many, of one user if one is given. */
export interface Among {
  readonly rows: number
  readonly userId?: string
}

/** Tells the recall of an answer: ids nearest first, in, a share from 0 to 1 out. */
export type Judge = (query: Query, found: readonly string[]) => number

/** A reproducible set of memories, the queries held out from it, and the exact answers. */
export interface Dataset {
  readonly dimensions: number
  readonly queries: readonly Query[]
  row(index: number): Row
  rows(from: number, to: number): Iterable<Row>
  /**
   * Compares every query with every row, once, and then judges answers: recall@k is the share of the k best possible
   * that an answer has. A row as near as the k-th counts, whichever of several equal ones came.
   *
   * @throws RangeError when there are fewer than k rows: a recall against nothing would be no recall
   */
  judge(k: number, among: Among): Promise<Judge>
}

/** Queries stand where no row can come. */
const FIRST_QUERY = 2_000_000_000
/** Single precision holds about seven digits of a distance, half precision in an index only orders. */
const TIE = 1e-5

export function createDataset(options: {
  seed: number
  dimensions: number
  rows: number
  queries: number
}): Dataset {
  const { seed, dimensions } = options
  const source = createVectorSource({ seed, dimensions })
  const flat = new Float32Array(options.rows * dimensions)
  for (let i = 0; i < options.rows; i++) flat.set(source.at(i), i * dimensions)
  const queries = Array.from({ length: options.queries }, (_, index): Query => {
    const vector = source.at(FIRST_QUERY + index)
    return { index, vector, numbers: Array.from(vector) }
  })
  const judges = new Map<string, Promise<Judge>>()

  const vectorAt = (index: number) =>
    index < options.rows ? flat.subarray(index * dimensions, (index + 1) * dimensions) : source.at(index)

  function row(index: number): Row {
    return {
      ...{ index, id: rowId(index), userId: ownerOf(index), content: contentOf(index) },
      metadata: { topic: source.clusterAt(index) },
      vector: vectorAt(index),
    }
  }

  function candidates({ rows, userId }: Among): Float32Array {
    const first = flat.subarray(0, rows * dimensions)
    if (userId === undefined) return first
    const own = Array.from({ length: rows }, (_, i) => i).filter((i) => ownerOf(i) === userId)
    const vectors = new Float32Array(own.length * dimensions)
    for (const [i, index] of own.entries()) vectors.set(vectorAt(index), i * dimensions)
    return vectors
  }

  async function makeJudge(k: number, among: Among): Promise<Judge> {
    const asked = queries.map(({ vector }) => vector)
    const vectors = candidates(among)
    const { distances } = await exactTopK({ vectors, dimensions, queries: asked, k, cacheDir: null })
    return (query, found) => {
      const limit = (distances[(query.index + 1) * k - 1] as number) + TIE
      const right = [...new Set(found)].slice(0, k).filter((id) => {
        const index = rowIndex(id)
        const isOwn = among.userId === undefined || ownerOf(index) === among.userId
        return isOwn && cosineDistance(query.vector, vectorAt(index)) <= limit
      })
      return right.length / k
    }
  }

  return {
    dimensions,
    queries,
    row,
    *rows(from, to) {
      for (let i = from; i < to; i++) yield row(i)
    },
    judge(k, among) {
      const key = `${k} ${among.rows} ${among.userId ?? ''}`
      const judge = judges.get(key) ?? makeJudge(k, among)
      judges.set(key, judge)
      return judge
    },
  }
}

/** Of unit vectors. */
function cosineDistance(a: Float32Array, b: Float32Array): number {
  let dot = 0
  for (let i = 0; i < a.length; i++) dot += (a[i] as number) * (b[i] as number)
  return 1 - dot
}
