import type { Arguments } from '../arguments.js'
import { seedError } from '../seed-error.js'
import type { Dataset } from './dataset.js'
import { fileDataset } from './file.js'
import { sotuDataset } from './sotu.js'
import { syntheticDataset } from './synthetic.js'
import { wordVectorDataset } from './word-vectors.js'

const DEFAULT_MEMORIES = 100_000
const DEFAULT_USERS = 1000

/** The data set that the command line asks for. */
export async function chooseDataset(
  args: Arguments,
  cacheDir: string,
  signal: AbortSignal,
): Promise<Dataset> {
  const { dataset, memories, download } = args
  switch (dataset) {
    case 'synthetic': {
      const count = memories ?? DEFAULT_MEMORIES
      const users = args.users ?? Math.max(1, Math.min(DEFAULT_USERS, Math.floor(count / 100)))
      if (users > count) {
        throw seedError(`${count} memories are too few for ${users} users.`, 'Every user has at least one.')
      }
      return syntheticDataset({
        seed: args.seed,
        memories: count,
        users,
        dimensions: args.dimensions ?? 384,
      })
    }
    case 'sotu':
      return sotuDataset(memories, cacheDir)
    case 'word-vectors':
      return wordVectorDataset({ memories, users: args.users ?? DEFAULT_USERS, download })
    default:
      return fileDataset({ path: dataset, map: args.map, memories, cacheDir, signal })
  }
}
