import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEmbeddedPool } from '../src/index.js'
import { preparedCluster } from '../src/prepared-cluster.js'
import { temporaryDirectory } from './processes.js'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))
const clusters = (dir: string) => readdirSync(dir).filter((name) => name.startsWith('cluster-'))

const FACTS = `select
  (select count(*)::int from pg_class) as relations,
  (select count(*)::int from pg_proc) as functions,
  (select count(*)::int from pg_collation) as collations,
  (select json_agg(array[name, setting] order by name) from pg_settings where source = 'configuration file') as settings,
  (select json_agg(array[datname, pg_encoding_to_char(encoding), datcollate, datctype] order by datname)
    from pg_database) as databases,
  (select json_agg(array[rolname, rolsuper::text] order by rolname) from pg_roles) as roles`

describe('the prepared cluster', () => {
  let dir: string
  let remove: () => void
  beforeEach(() => {
    ;({ dir, remove } = temporaryDirectory())
  })
  afterEach(() => remove())

  it('is the one of the PGlite that this package depends on', async () => {
    const pglite = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'))
    const { version } = JSON.parse(readFileSync(join(pglite, '../package.json'), 'utf8'))
    expect(clusters(join(PACKAGE, 'dist'))).toEqual([`cluster-${version}.tar.br`])
    expect((await preparedCluster())?.size).toBeGreaterThan(20e6)
  })

  it('is what initdb makes, in memory and in a directory', async () => {
    const made = await PGlite.create()
    const expected = (await made.query(FACTS)).rows
    await made.close()
    for (const options of [{}, { dataDir: dir }]) {
      const pool = await createEmbeddedPool(options)
      expect((await pool.query(FACTS)).rows).toEqual(expected)
      await pool.end()
    }
  })

  it('is only quicker: damaged, it is left alone', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'funes-embedded-copy-'))
    cpSync(join(PACKAGE, 'dist'), join(copy, 'dist'), { recursive: true })
    writeFileSync(join(copy, 'package.json'), '{ "type": "module" }')
    symlinkSync(join(PACKAGE, 'node_modules'), join(copy, 'node_modules'))
    const [cluster] = clusters(join(copy, 'dist')) as [string]
    writeFileSync(join(copy, 'dist', cluster), 'not a cluster')
    const url = pathToFileURL(join(copy, 'dist/index.js')).href
    const damaged = (await import(url)) as { createEmbeddedPool: typeof createEmbeddedPool }
    const pool = await damaged.createEmbeddedPool({ dataDir: dir })
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
    rmSync(copy, { recursive: true })
  })
})
