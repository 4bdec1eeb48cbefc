// Writes dist/cluster-<release of PGlite>.tar.br: an empty cluster that was shut down cleanly, for databases to start from.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
for (const name of readdirSync(dist)) if (name.startsWith('cluster-')) rmSync(join(dist, name))

/** A ustar header (POSIX.1-2001, pax): 512 bytes, numbers in octal. */
function header(name, size, isDirectory) {
  const block = Buffer.alloc(512)
  block.write(name, 0, 100)
  block.write(isDirectory ? '0000700' : '0000600', 100)
  block.write('0000000', 108)
  block.write('0000000', 116)
  block.write(size.toString(8).padStart(11, '0'), 124)
  block.write('00000000000', 136)
  block.write('        ', 148)
  block.write(isDirectory ? '5' : '0', 156)
  block.write('ustar\u000000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function entries(root, path) {
  return readdirSync(join(root, path), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = `${path}/${entry.name}`
      if (entry.isDirectory()) return [header(`${name}/`, 0, true), ...entries(root, name)]
      const data = readFileSync(join(root, name))
      return [header(name, data.length, false), data, Buffer.alloc((512 - (data.length % 512)) % 512)]
    })
}

// Imported only now: with none in its place, it makes a cluster from nothing.
const { createEmbeddedPool } = await import('../dist/index.js')
const dir = mkdtempSync(join(tmpdir(), 'funes-cluster-'))
try {
  const pool = await createEmbeddedPool({ dataDir: join(dir, 'db') })
  await pool.end()
  const tar = Buffer.concat([...entries(join(dir, 'db/pgdata'), '.'), Buffer.alloc(1024)])
  const pglite = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'))
  const { version } = JSON.parse(readFileSync(join(pglite, '../package.json'), 'utf8'))
  const packed = brotliCompressSync(tar, {
    params: {
      // 1.5 MB in a second; the highest, 11, saves a tenth of that and takes half a minute.
      [constants.BROTLI_PARAM_QUALITY]: 9,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: tar.length,
    },
  })
  writeFileSync(join(dist, `cluster-${version}.tar.br`), packed)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
