import { parentPort, workerData } from 'node:worker_threads'
import { type Scan, scan } from './scan.js'

/** What one thread is given: the whole set, shared, and its part of the queries. */
export interface ScanTask {
  readonly scan: Scan
  readonly from: number
  readonly to: number
}

const port = parentPort
if (port === null) throw new Error('scan-thread.js runs as a worker thread only')
const task = workerData as ScanTask
const found = scan(task.scan, task.from, task.to)
port.postMessage(found, [found.ids.buffer as ArrayBuffer, found.distances.buffer as ArrayBuffer])
