import { embedderError } from './errors.js'

/**
 * Runs `load`, which imports optional peer packages, and says what to install when they are not there.
 *
 * @throws `EMBEDDER.PEER_MISSING`
 */
export async function loadPeers<T>(packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const missing = packages.find((name) => message?.includes(`'${name}'`))
    if (code !== 'ERR_MODULE_NOT_FOUND' || missing === undefined) throw cause
    throw embedderError(
      'EMBEDDER.PEER_MISSING',
      `The package ${missing} is not installed.`,
      `npm install ${packages.join(' ')}`,
      cause,
    )
  }
}
