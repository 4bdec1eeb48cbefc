import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'

/** Beside the built code; from the sources, in what was built of them. */
const PLACES = ['./', '../dist/']

/** The name carries the release, as a cluster is read by the PostgreSQL that made it, and by no other. */
async function fileName(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const { version } = JSON.parse(await readFile(join(dirname(entry), '../package.json'), 'utf8'))
  return `cluster-${version}.tar.br`
}

/**
 * An empty cluster as a tar file, made when this package was built: unpacking it takes a fraction of the time that
 * initdb takes. Undefined where it is not at hand, as in somebody's bundle: PGlite then makes one.
 */
export async function preparedCluster(): Promise<Blob | undefined> {
  try {
    const name = await fileName()
    for (const place of PLACES) {
      const packed = await readFile(new URL(place + name, import.meta.url)).catch(() => undefined)
      if (packed !== undefined) return new Blob([await promisify(brotliDecompress)(packed)])
    }
  } catch {
    // Damaged, or PGlite lies elsewhere: what is only quicker must not be what fails.
  }
  return undefined
}
