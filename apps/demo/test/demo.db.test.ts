import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadSotu } from '@funes/corpus/sotu'
import { createFunes } from '@funes/db'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Encoder } from '../src/encoder.js'
import { isLoaded, loadCorpus } from '../src/load.js'

const MAIN = join(import.meta.dirname, '../dist/main.js')
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'funes-demo-'))
})
afterAll(() => rm(dir, { recursive: true }))

async function runDemo(...args: string[]): Promise<string> {
  const { FUNES_DATABASE_URL: _, DATABASE_URL: __, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--short', ...args], {
    env: { ...env, FUNES_DATA_DIR: join(dir, 'program') },
  })
  return stdout
}

describe('the demo', () => {
  it('loads once, finds what was said in other words, and answers a question of the caller', async () => {
    const first = await runDemo()
    expect(first).toContain('loading')
    expect(first).toMatch(/"explorers who reached the western ocean"\n.*\n +1 .*Lewis and Clarke/)
    expect(first).toMatch(/"religion and speech without fear"\n.*1941 only.*\n +1 .*freedom of speech/)
    // A pipe is no terminal: no escape code may reach it.
    expect(first).not.toContain('\u001b')

    const second = await runDemo('what do young men learn about farming?')
    expect(second).toContain('loaded before')
    expect(second).not.toMatch(/^loading/m)
    expect(second.match(/^\d {2}0\.\d{3} {2}/gm)).toHaveLength(5)
  }, 180_000)
})

/** Counts letters: what is loaded here is never searched, and the real encoder would take its time. */
function letterEncoder(): Encoder {
  let encoded = 0
  return {
    model: 'letters',
    dimensions: 26,
    async embed(texts, { signal } = {}) {
      signal?.throwIfAborted()
      encoded += texts.length
      return texts.map((text) =>
        Float32Array.from({ length: 26 }, (_, i) => text.split(String.fromCharCode(97 + i)).length),
      )
    },
    get encoded() {
      return encoded
    },
    close: async () => undefined,
  }
}

describe('loadCorpus', () => {
  it('goes on after an interruption and stores nothing twice', async () => {
    const encoder = letterEncoder()
    const funes = await createFunes({ dataDir: 'memory://', embedder: encoder })
    await funes.migrate()
    const addresses = await loadSotu({ presidents: ['james-madison', 'zachary-taylor'], limit: 120 })
    const interruption = new AbortController()
    const stopped = loadCorpus(funes, encoder, addresses, {
      signal: interruption.signal,
      onProgress: () => interruption.abort(),
    })
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' })
    const kept = await funes.memories.count({ scope: 'all-users' })
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(120)
    expect(await isLoaded(funes, addresses)).toBe(false)

    const again = { signal: new AbortController().signal, onProgress: () => undefined }
    expect(await loadCorpus(funes, encoder, addresses, again)).toBe(120 - kept)
    expect(await funes.memories.count({ scope: 'all-users' })).toBe(120)
    expect(await isLoaded(funes, addresses)).toBe(true)
    expect(await loadCorpus(funes, encoder, addresses, again)).toBe(0)
    await funes.close()
  }, 180_000)
})
