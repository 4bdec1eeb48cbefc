import { expect, it } from 'vitest'
import { readConfig } from '../src/config.js'
import { isFunesError } from '../src/index.js'

const embedder = { model: 'm', dimensions: 3, embed: async () => [] }

it('chooses the embedded engine unless a url is given', () => {
  expect(readConfig({}, {}).target).toEqual({ kind: 'embedded', dataDir: '.funes' })
  expect(readConfig({}, { FUNES_DATA_DIR: '/d' }).target).toEqual({ kind: 'embedded', dataDir: '/d' })
  expect(readConfig({ dataDir: 'memory://' }, { DATABASE_URL: 'postgresql://h/d' }).target).toEqual({
    kind: 'embedded',
    dataDir: undefined,
  })
  expect(readConfig({}, { DATABASE_URL: 'postgresql://embedded/x' }).target.kind).toBe('embedded')
})

it('prefers an option to FUNES_DATABASE_URL, and that to DATABASE_URL', () => {
  const env = { FUNES_DATABASE_URL: 'postgresql://f/d', DATABASE_URL: 'postgresql://d/d' }
  expect(readConfig({ url: 'postgres://o/d' }, env).target).toMatchObject({ url: 'postgres://o/d' })
  expect(readConfig({}, env).target).toMatchObject({ url: 'postgresql://f/d' })
  expect(readConfig({}, { ...env, FUNES_DATABASE_URL: '' }).target).toMatchObject({ url: 'postgresql://d/d' })
})

it('takes the model from the embedder unless one is named', () => {
  expect(readConfig({}, {}).model).toBe('default')
  expect(readConfig({ embedder }, {}).model).toBe('m')
  expect(readConfig({ embedder, model: 'other' }, {}).model).toBe('other')
})

it.each([
  [{ url: 'mysql://x' }, 'url'],
  [{ url: 'postgresql://u:secret@[bad' }, 'url'],
  [{ ur: 'x' }, 'options'],
  [{ pool: {} }, 'pool'],
  [{ url: 'postgresql://h/d', dataDir: 'd' }, 'options'],
  [{ embedder: { embed: 1 } }, 'embedder'],
  [{ embedder: { ...embedder, dimensions: 0 } }, 'embedder'],
  [{ limits: { maxConnections: 0 } }, 'limits.maxConnections'],
  [{ limits: { timeout: 5 } }, 'limits'],
])('refuses %j and names the option', (options, path) => {
  let error: unknown
  try {
    readConfig(options as never, {})
  } catch (e) {
    error = e
  }
  expect(error).toSatisfy((e) => isFunesError(e, 'CONFIG.INVALID'))
  expect((error as { meta: unknown }).meta).toEqual({ path })
  expect((error as Error).message).not.toContain('secret')
})
