import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type Nearest, type Scan, scan } from './scan.js'
import type { ScanTask } from './scan-thread.js'

/** Below so many multiplications (some 30 ms) starting threads costs more than it saves. */
const WORTH_A_THREAD = 3e7

/** Memory that threads read together, in place of a copy for each. */
function shared(values: Float32Array): Float32Array {
  if (values.buffer instanceof SharedArrayBuffer) return values
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength))
  copy.set(values)
  return copy
}

function runThread(task: ScanTask): Promise<Nearest> {
  return new Promise((resolve, reject) => {
    // No flags of this process: some, as --input-type of `node -e`, stop a worker from starting.
    const worker = new Worker(new URL('./scan-thread.js', import.meta.url), {
      execArgv: [],
      workerData: task,
    })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`a scan thread ended with code ${code} and no answer`)))
  })
}

/** Compares every query with every row, the queries spread over as many threads as there are cores. */
export async function scanInThreads(task: Scan): Promise<Nearest> {
  const queries = task.queries.length / task.dimensions
  const threads = Math.min(availableParallelism(), queries)
  if (task.vectors.length * queries < WORTH_A_THREAD || threads < 2) return scan(task, 0, queries)
  const all = { ...task, vectors: shared(task.vectors), queries: shared(task.queries) }
  const bounds = Array.from({ length: threads + 1 }, (_, i) => Math.round((i * queries) / threads))
  const parts = await Promise.all(
    bounds.slice(1).map((to, i) => runThread({ scan: all, from: bounds[i] as number, to })),
  )
  const found = {
    ids: new Int32Array(queries * task.k),
    distances: new Float64Array(queries * task.k),
  }
  for (const [i, part] of parts.entries()) {
    const offset = (bounds[i] as number) * task.k
    found.ids.set(part.ids, offset)
    found.distances.set(part.distances, offset)
  }
  return found
}
