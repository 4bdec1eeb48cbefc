import { createVectorSource, subjectAt, syntheticText } from '@funes/corpus/synthetic'
import { digestOf } from './digest.js'
import { type Among, createJudge, type Judge } from './judge.js'
import { type Query, type Row, rowId, rowIndex } from './row.js'
import { CLUSTERS, createScopes, type Scope, scopeName } from './scopes.js'

export type { Among, Judge } from './judge.js'

/** A reproducible set of memories, the queries held out from it, and the exact answers. */
export interface Dataset {
  readonly dimensions: number
  /** What is timed and scored. */
  readonly queries: readonly Query[]
  /** Others of their kind, to choose settings by: nothing is then scored on what it was chosen by. */
  readonly trials: readonly Query[]
  row(index: number): Row
  /** Made anew each time they are gone through: a million of them need no memory but their vectors'. */
  rows(from: number, to: number): Iterable<Row>
  /** Whether a scope includes a row. */
  includes(scope: Scope, index: number): boolean
  /** The queries to ask within a scope: within a topic those about something else, which is what an index finds hard. */
  queriesWithin(scope: Scope | undefined): readonly Query[]
  /** Whether a row's text and vector are about the subject of the query's. */
  isOnTopic(query: Query, id: string): boolean
  /**
   * Compares every query with every row, once, and then judges answers: recall@k is the share of the k best possible,
   * or of all there are if they are fewer, that an answer has. A row as near as the k-th counts, whichever of several equal ones came.
   *
   * @throws RangeError when there is no row: a recall against nothing would be no recall
   */
  judge(k: number, among: Among): Promise<Judge>
  /** A hash of the first rows and of all queries: two runs of another one had other work. */
  digest(): string
}

/** Queries stand where no row can come. */
const FIRST_QUERY = 2_000_000_000
const FIRST_TRIAL = 2_100_000_000
/** What an exhaustive search takes long for is known after a few. */
const TRIALS = 50

/** The queries of a data set, without its rows: `count` of them from the first on. */
export function createQueries(options: { seed: number; dimensions: number; count: number }): Query[] {
  const source = createVectorSource({ ...options, clusters: CLUSTERS })
  return queriesOf(source, options.seed, FIRST_QUERY, options.count)
}

function queriesOf(
  source: ReturnType<typeof createVectorSource>,
  seed: number,
  first: number,
  count: number,
): Query[] {
  return Array.from({ length: count }, (_, index): Query => {
    const vector = source.at(first + index)
    const text = syntheticText({ seed, index: first + index, cluster: source.clusterAt(first + index) })
    return { index, text, vector, numbers: Array.from(vector) }
  })
}

/** @param options.users how many own the rows; 1,000 unless given */
export function createDataset(options: {
  seed: number
  dimensions: number
  rows: number
  queries: number
  users?: number
}): Dataset {
  const { seed, dimensions, users = 1000 } = options
  const source = createVectorSource({ seed, dimensions, clusters: CLUSTERS })
  const scopes = createScopes({ users, clusterAt: source.clusterAt, bearing: source.bearing })
  const flat = new Float32Array(options.rows * dimensions)
  for (let i = 0; i < options.rows; i++) flat.set(source.at(i), i * dimensions)
  const queries = queriesOf(source, seed, FIRST_QUERY, options.queries)
  const trials = queriesOf(source, seed, FIRST_TRIAL, TRIALS)
  const judges = new Map<string, Promise<Judge>>()

  const vectorAt = (index: number) =>
    index < options.rows ? flat.subarray(index * dimensions, (index + 1) * dimensions) : source.at(index)

  function row(index: number): Row {
    const cluster = source.clusterAt(index)
    return {
      ...{ index, id: rowId(index), userId: scopes.ownerOf(index), sessionId: scopes.sessionOf(index) },
      content: syntheticText({ seed, index, cluster }),
      metadata: { cluster, label: scopes.labelOf(index), topic: scopes.topicOf(cluster) },
      vector: vectorAt(index),
    }
  }

  function queriesWithin(scope: Scope | undefined): readonly Query[] {
    if (scope?.by !== 'topic') return queries
    const others = queries.filter(
      ({ index }) => scopes.topicOf(source.clusterAt(FIRST_QUERY + index)) !== scopeName(scope),
    )
    return others.length === 0 ? queries : others
  }

  function* rows(from: number, to: number): Generator<Row> {
    for (let i = from; i < to; i++) yield row(i)
  }

  return {
    ...{ dimensions, queries, trials, row, queriesWithin, includes: scopes.includes },
    rows: (from, to) => ({ [Symbol.iterator]: () => rows(from, to) }),
    isOnTopic: (query, id) =>
      subjectAt(source.clusterAt(FIRST_QUERY + query.index)) === subjectAt(source.clusterAt(rowIndex(id))),
    judge(k, among) {
      const key = [k, among.rows, among.scope && scopeName(among.scope), among.isTrial].join(' ')
      const known = judges.get(key)
      if (known) return known
      const made = createJudge({
        ...{ k, among, dimensions, vectorAt, includes: scopes.includes },
        first: flat.subarray(0, among.rows * dimensions),
        queries: among.isTrial ? trials : queries,
      })
      judges.set(key, made)
      return made
    },
    digest: () => digestOf(rows(0, Math.min(1000, options.rows)), queries),
  }
}
