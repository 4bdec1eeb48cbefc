export { downloadWordVectors, wordVectorsDir, wordVectorsFile } from './download.js'
export { readWordVectors, type WordVector } from './read.js'
