export { recall } from './recall.js'
export { METRICS, type Metric, type Nearest } from './scan.js'
export { type ExactTopK, exactTopK } from './top-k.js'
