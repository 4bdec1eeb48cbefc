import { describe, expect, it } from 'vitest'
import type { RegisterTool } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

/** How many tools to register: a size at which the index is asked, as 20,000. */
const MANY = Number(process.env.FUNES_TEST_TOOLS ?? 0)
const WORDS =
  'fetch send list create remove update search export import merge lock plan route mail page'.split(' ')

describe.skipIf(MANY === 0)('very many tools', () => {
  onEveryEngine('a large registry', (db) => {
    it('is searched through the index, finds what comparing finds, and is quick', async () => {
      const { funes, pool } = db()
      const next = random(31)
      const subjects = Array.from({ length: 200 }, () => randomVector(next))
      const near = () => {
        const subject = subjects[Math.floor(next() * subjects.length)] as Float32Array
        return subject.map((x) => x + 1.2 * (next() - 0.5))
      }
      const word = () => WORDS[Math.floor(next() * WORDS.length)] as string
      const tools = Array.from({ length: MANY }, (_, i): RegisterTool => {
        const description = Array.from({ length: 12 }, word).join(' ')
        return { name: `${word()}_${word()}_${i}`, description, embedding: near() }
      })
      const started = performance.now()
      await funes.tools.registerMany(tools)
      const registeredMs = performance.now() - started
      await pool.query('analyze')
      const again = performance.now()
      const outcomes = await funes.tools.registerMany(tools)
      expect(outcomes.every(({ outcome }) => outcome === 'unchanged')).toBe(true)
      const againMs = performance.now() - again

      const times = { exact: [], vector: [], hybrid: [], ranked: [] } as Record<
        'exact' | 'vector' | 'hybrid' | 'ranked',
        number[]
      >
      let found = 0
      for (let i = 0; i < 100; i++) {
        const embedding = near()
        const text = Array.from({ length: 4 }, word).join(' ')
        const timed = async (as: keyof typeof times, more: object) => {
          const start = performance.now()
          const hits = await funes.tools.select({ embedding, k: 5, ...more })
          if (i >= 10) times[as].push(performance.now() - start)
          return hits.map(({ tool }) => tool.name)
        }
        const exact = new Set(await timed('exact', { accuracy: 'exact' }))
        const hits = await timed('vector', {})
        found += hits.filter((name) => exact.has(name)).length
        await timed('hybrid', { text })
        await timed('ranked', { text, ranking: {} })
      }
      const p50 = (of: number[]) => of.sort((a, b) => a - b)[Math.floor(of.length / 2)]?.toFixed(1)
      const { explanation } = await funes.tools.select({ embedding: near(), explain: true })
      console.log(db().engine, { registeredMs, againMs, recall: found / 500 }, explanation.path)
      console.log(Object.fromEntries(Object.entries(times).map(([as, of]) => [as, p50(of)])))
      expect(explanation.path).toBe('index')
      expect(found / 500).toBeGreaterThan(0.95)
    }, 600_000)
  })
})
