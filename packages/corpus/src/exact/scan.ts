/** How two vectors are compared, as pgvector does: `<=>`, `<->` and `<#>`. */
export const METRICS = ['cosine', 'l2', 'inner-product'] as const
export type Metric = (typeof METRICS)[number]

export interface Scan {
  /** Row-major, one row a vector. */
  readonly vectors: Float32Array
  /** Row-major, one row a query. */
  readonly queries: Float32Array
  readonly dimensions: number
  readonly k: number
  readonly metric: Metric
}

export interface Nearest {
  /** Rows of `vectors`, k for each query, nearest first. */
  readonly ids: Int32Array
  /** Their distances, in the same places. */
  readonly distances: Float64Array
}

/** So many queries pass over a row at once: each row is then read once for all of them. */
const TILE = 4

function lengths(rows: Float32Array, dimensions: number): Float64Array {
  return Float64Array.from({ length: rows.length / dimensions }, (_, row) => {
    let sum = 0
    for (let i = row * dimensions; i < (row + 1) * dimensions; i++) sum += (rows[i] as number) ** 2
    return Math.sqrt(sum)
  })
}

/** Puts a row into its place among the nearest ones so far; of equally near rows the first stays first. */
function insert(nearest: Nearest, offset: number, k: number, row: number, distance: number): void {
  const { ids, distances } = nearest
  let place = offset + k - 1
  while (place > offset && (distances[place - 1] as number) > distance) {
    distances[place] = distances[place - 1] as number
    ids[place] = ids[place - 1] as number
    place--
  }
  distances[place] = distance
  ids[place] = row
}

/**
 * Compares the queries from `from` up to `to` with every row.
 *
 * Sums are in double precision, so the answer is nearer to the truth than any database's in single precision.
 */
export function scan(
  { vectors, queries, dimensions: d, k, metric }: Scan,
  from: number,
  to: number,
): Nearest {
  const found = {
    ids: new Int32Array((to - from) * k).fill(-1),
    distances: new Float64Array((to - from) * k).fill(Number.POSITIVE_INFINITY),
  }
  const rows = vectors.length / d
  const rowLengths = metric === 'cosine' ? lengths(vectors, d) : undefined
  const queryLengths = metric === 'cosine' ? lengths(queries, d) : undefined
  const sums = new Float64Array(TILE)
  // Component by component, and already widened: the inner loop then reads one run of memory and converts one number.
  const tiled = new Float64Array(TILE * d)

  for (let tile = from; tile < to; tile += TILE) {
    const width = Math.min(TILE, to - tile)
    for (let i = 0; i < width * d; i++)
      tiled[TILE * (i % d) + Math.floor(i / d)] = queries[tile * d + i] as number
    for (let row = 0; row < rows; row++) {
      let [s0, s1, s2, s3] = [0, 0, 0, 0]
      const at = row * d
      if (metric === 'l2') {
        for (let i = 0, t = 0; i < d; i++, t += TILE) {
          const x = vectors[at + i] as number
          s0 += (x - (tiled[t] as number)) ** 2
          s1 += (x - (tiled[t + 1] as number)) ** 2
          s2 += (x - (tiled[t + 2] as number)) ** 2
          s3 += (x - (tiled[t + 3] as number)) ** 2
        }
      } else {
        for (let i = 0, t = 0; i < d; i++, t += TILE) {
          const x = vectors[at + i] as number
          s0 += x * (tiled[t] as number)
          s1 += x * (tiled[t + 1] as number)
          s2 += x * (tiled[t + 2] as number)
          s3 += x * (tiled[t + 3] as number)
        }
      }
      sums[0] = s0
      sums[1] = s1
      sums[2] = s2
      sums[3] = s3
      for (let i = 0; i < width; i++) {
        const sum = sums[i] as number
        const lengthsProduct = rowLengths
          ? (rowLengths[row] as number) * ((queryLengths as Float64Array)[tile + i] as number)
          : 1
        const distance =
          metric === 'cosine' ? 1 - sum / lengthsProduct : metric === 'l2' ? Math.sqrt(sum) : -sum
        const offset = (tile - from + i) * k
        if (distance < (found.distances[offset + k - 1] as number)) insert(found, offset, k, row, distance)
      }
    }
  }
  return found
}
