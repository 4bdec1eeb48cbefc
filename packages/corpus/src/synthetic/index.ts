export { createVectorSource, type VectorSource, type VectorSourceOptions } from './vectors.js'
