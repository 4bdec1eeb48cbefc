import { exactTopK, recall } from '@funes/corpus/exact'
import { createVectorSource } from '@funes/corpus/synthetic'
import { describe, expect, it } from 'vitest'
import { engines, withDatabase } from './engines.js'

const ROWS = 2500
const AT_ONCE = 100
const QUERIES = 300
const DIMENSIONS = 384
const K = 10

/**
 * recall@10 of real sentence embeddings: 2,500 passages of the State of the Union addresses through the Universal
 * Sentence Encoder (512 dimensions), 300 held out, HNSW with m 16 and ef_construction 64. Vectors around random
 * centres in all 384 dimensions are far from it: .741, .887, .952, .984, .995.
 */
const REAL = [
  { ef: 10, recall: 0.945, within: 0.025 },
  { ef: 20, recall: 0.981, within: 0.015 },
  { ef: 40, recall: 0.995, within: 0.008 },
  { ef: 100, recall: 0.9997, within: 0.004 },
  { ef: 200, recall: 0.9997, within: 0.002 },
]

const encode = (vector: Float32Array) => `[${vector.join()}]`

describe.each(engines)('synthetic vectors (%s)', (engine) => {
  it('are as hard for an HNSW index as real sentence embeddings', () =>
    withDatabase(engine, ({ use }) =>
      use(async (client) => {
        const { vectors, queries } = makeVectors()
        await client.query('create extension if not exists vector')
        await client.query(`create table hardness (v vector(${DIMENSIONS}))`)
        const places = Array.from({ length: AT_ONCE }, (_, i) => i)
        const text = `insert into hardness values ${places.map((i) => `($${i + 1})`)}`
        for (let row = 0; row < ROWS; row += AT_ONCE) {
          const at = (i: number) => (row + i) * DIMENSIONS
          const values = places.map((i) => encode(vectors.subarray(at(i), at(i + 1))))
          await client.query({ name: 'add', text, values })
        }
        await client.query(
          'create index on hardness using hnsw (v vector_cosine_ops) with (m = 16, ef_construction = 64)',
        )
        await client.query('set enable_seqscan = off')
        const truth = await exactTopK({ vectors, dimensions: DIMENSIONS, queries, k: K, cacheDir: null })
        for (const real of REAL) {
          await client.query(`set hnsw.ef_search = ${real.ef}`)
          let sum = 0
          for (const [q, query] of queries.entries()) {
            const { rows } = await client.query({
              name: 'search',
              text: `select v <=> $1 as distance from hardness order by v <=> $1 limit ${K}`,
              values: [encode(query)],
            })
            const distances = rows.map(({ distance }) => distance)
            sum += recall(distances, truth.distances.subarray(q * K, (q + 1) * K))
          }
          expect
            .soft(Math.abs(sum / QUERIES - real.recall), `ef ${real.ef}: ${sum / QUERIES}`)
            .toBeLessThan(real.within)
        }
      }),
    ))
})

function makeVectors() {
  const source = createVectorSource({ seed: 1, dimensions: DIMENSIONS })
  const vectors = new Float32Array(ROWS * DIMENSIONS)
  for (let i = 0; i < ROWS; i++) vectors.set(source.next(), i * DIMENSIONS)
  return { vectors, queries: Array.from({ length: QUERIES }, () => source.next()) }
}
