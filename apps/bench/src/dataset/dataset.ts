import { exactTopK } from '@funes/corpus/exact'
import { createVectorSource, subjectAt, syntheticText } from '@funes/corpus/synthetic'
import { type Query, type Row, rowId, rowIndex } from './row.js'
import { includes, labelOf, ownerOf, type Scope, scopeName, sessionOf } from './scopes.js'

/** Which rows an answer was to come from: the first so many, and of those the ones in a scope if one is given. */
export interface Among {
  readonly rows: number
  readonly scope?: Scope
}

export interface Judge {
  /** How many rows a full answer has: k, or all there are if they are fewer. */
  readonly wanted: number
  /** The recall of an answer, ids nearest first: from 0 to 1. */
  recall(query: Query, found: readonly string[]): number
}

/** A reproducible set of memories, the queries held out from it, and the exact answers. */
export interface Dataset {
  readonly dimensions: number
  readonly queries: readonly Query[]
  row(index: number): Row
  /** Made anew each time they are gone through: a million of them need no memory but their vectors'. */
  rows(from: number, to: number): Iterable<Row>
  /** Whether a row's text and vector are about the subject of the query's. */
  isOnTopic(query: Query, id: string): boolean
  /**
   * Compares every query with every row, once, and then judges answers: recall@k is the share of the k best possible,
   * or of all there are if they are fewer, that an answer has. A row as near as the k-th counts, whichever of several equal ones came.
   *
   * @throws RangeError when there is no row: a recall against nothing would be no recall
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
    const cluster = source.clusterAt(FIRST_QUERY + index)
    const text = syntheticText({ seed, index: FIRST_QUERY + index, cluster })
    return { index, text, vector, numbers: Array.from(vector) }
  })
  const judges = new Map<string, Promise<Judge>>()

  const vectorAt = (index: number) =>
    index < options.rows ? flat.subarray(index * dimensions, (index + 1) * dimensions) : source.at(index)

  function row(index: number): Row {
    const cluster = source.clusterAt(index)
    return {
      ...{ index, id: rowId(index), userId: ownerOf(index), sessionId: sessionOf(index) },
      content: syntheticText({ seed, index, cluster }),
      metadata: { topic: cluster, label: labelOf(index) },
      vector: vectorAt(index),
    }
  }

  function candidates({ rows, scope }: Among): Float32Array {
    const first = flat.subarray(0, rows * dimensions)
    if (scope === undefined) return first
    const own = Array.from({ length: rows }, (_, i) => i).filter((i) => includes(scope, i))
    const vectors = new Float32Array(own.length * dimensions)
    for (const [i, index] of own.entries()) vectors.set(vectorAt(index), i * dimensions)
    return vectors
  }

  async function makeJudge(k: number, among: Among): Promise<Judge> {
    const asked = queries.map(({ vector }) => vector)
    const vectors = candidates(among)
    const wanted = Math.min(k, vectors.length / dimensions)
    if (wanted === 0) throw new RangeError('no row is in this scope')
    const { distances } = await exactTopK({ vectors, dimensions, queries: asked, k: wanted, cacheDir: null })
    function recall(query: Query, found: readonly string[]): number {
      const limit = (distances[(query.index + 1) * wanted - 1] as number) + TIE
      const right = [...new Set(found)].slice(0, wanted).filter((id) => {
        const index = rowIndex(id)
        const isOwn = index < among.rows && (among.scope === undefined || includes(among.scope, index))
        return isOwn && cosineDistance(query.vector, vectorAt(index)) <= limit
      })
      return right.length / wanted
    }
    return { wanted, recall }
  }

  return {
    dimensions,
    queries,
    row,
    rows: (from, to) => ({
      *[Symbol.iterator]() {
        for (let i = from; i < to; i++) yield row(i)
      },
    }),
    isOnTopic: (query, id) =>
      subjectAt(source.clusterAt(FIRST_QUERY + query.index)) === subjectAt(source.clusterAt(rowIndex(id))),
    judge(k, among) {
      const key = `${k} ${among.rows} ${among.scope === undefined ? '' : scopeName(among.scope)}`
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
