import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Arguments } from './arguments.js'

export interface Places {
  /** Directory of the embedded database; undefined when a server is used. */
  readonly dataDir: string | undefined
  /** Whether the database is the demo's own directory, which it may delete. */
  readonly isOwn: boolean
  /** Directory of the cached vectors. */
  readonly cacheDir: string
}

/** The repository, from `apps/demo/dist`. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Where things are kept: the environment's word first, else inside the repository. */
export function choosePlaces({ short }: Pick<Arguments, 'short'>, env: NodeJS.ProcessEnv): Places {
  const url = env.FUNES_DATABASE_URL || env.DATABASE_URL
  const isServer = url !== undefined && url !== '' && !/^postgres(ql)?:\/\/embedded(\/|$)/.test(url)
  const name = short ? 'demo-short' : 'demo'
  const given = env.FUNES_DATA_DIR || undefined
  return {
    dataDir: isServer ? undefined : (given ?? join(ROOT, `.funes-${name}`)),
    isOwn: !isServer && given === undefined,
    cacheDir: join(ROOT, '.cache', name),
  }
}
