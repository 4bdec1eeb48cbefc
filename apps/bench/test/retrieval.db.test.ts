import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { embedSet } from '../src/retrieval/embed.js'
import type { LabelledSet } from '../src/retrieval/labelled-set.js'
import { measureRetrieval, type RetrievalReport } from '../src/retrieval/measure.js'
import { printRetrieval } from '../src/retrieval/print.js'
import { readSotuSet } from '../src/retrieval/sotu-set.js'
import { embeddedDatabases, serverDatabases } from '../src/storage/database.js'

const serverUrl = process.env.FUNES_TEST_DATABASE_URL
const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[a-z]+/g) ?? []

/** Words that every text has, and that say nothing about what is asked. */
const COMMON = new Set(
  `a about after all an and any are as at be before but by can could did do does for from had has have he her his how in
  into is it its like many may more most much no not now of off on once one or our out over own she should so still such
  than that the their them then there they this to under up was we well were what when where which while who whom whose
  why will with without would yet you`.split(/\s+/),
)

/** Those with the fewest passages: a vector takes 25 ms to make. */
const FEW = ['george-washington', 'gerald-r-ford', 'george-h-w-bush']

describe('the labelled set of State of the Union addresses', () => {
  let set: LabelledSet
  let textOf: ReadonlyMap<string, string>
  beforeAll(async () => {
    set = await readSotuSet()
    textOf = new Map(set.turns.map(({ id, content }) => [id, content]))
  })

  it('asks at least 150 questions, no two of them alike, and each has evidence', () => {
    expect(set.questions.length).toBeGreaterThanOrEqual(150)
    expect(new Set(set.questions.map(({ text }) => text)).size).toBe(set.questions.length)
    for (const { evidence } of set.questions) expect(evidence.every((id) => textOf.has(id))).toBe(true)
  })

  it('asks in other words than the text has', () => {
    const shares = set.questions.map(({ text, evidence }) => {
      const answer = evidence.map((id) => textOf.get(id)).join(' ')
      const asked = wordsOf(text)
      for (let i = 0; i + 5 <= asked.length; i++) {
        expect(wordsOf(answer).join(' '), text).not.toContain(asked.slice(i, i + 5).join(' '))
      }
      const telling = asked.filter((word) => !COMMON.has(word))
      const share = telling.filter((word) => wordsOf(answer).includes(word)).length / telling.length
      expect(share, text).toBeLessThan(0.7)
      return share
    })
    expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeLessThan(0.35)
  })

  it('is cut from the same text as its questions were', () => {
    const path = new URL('../data/sotu-questions.jsonl', import.meta.url)
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines).toHaveLength(set.questions.length)
    expect(textOf.get('1791-george-washington/30')).toContain('completion of the census')
    expect(textOf.get('1992-george-h-w-bush/112')).toContain('Neil Armstrong')
  })
})

describe.each(serverUrl ? ['embedded', 'server'] : ['embedded'])('bench retrieval (%s)', (engine) => {
  let report: RetrievalReport
  beforeAll(async () => {
    const databases = engine === 'server' ? serverDatabases(serverUrl as string) : embeddedDatabases()
    const set = await embedSet(await readSotuSet(FEW), () => {})
    report = await measureRetrieval(databases, set, () => {})
  }, 300_000)

  it('measures each mode at each depth, and more is never less', () => {
    expect(report.modes.map(({ mode }) => mode)).toEqual(['vector', 'text', 'hybrid', 'hybrid-context'])
    for (const { evidenceRecall, anyHit, latencyMs } of report.modes) {
      expect(evidenceRecall[5]).toBeLessThanOrEqual(evidenceRecall[10])
      expect(evidenceRecall[10]).toBeLessThanOrEqual(evidenceRecall[20])
      expect(anyHit[10]).toBeGreaterThanOrEqual(evidenceRecall[10])
      expect(latencyMs.p95).toBeGreaterThanOrEqual(latencyMs.p50)
    }
    expect(printRetrieval(report)).toContain('| hybrid-context |')
  })

  it('finds more by words and meaning together than by either', () => {
    const at10 = (mode: string) => report.modes.find((m) => m.mode === mode)?.evidenceRecall[10] as number
    expect(at10('hybrid')).toBeGreaterThan(at10('vector'))
    expect(at10('hybrid')).toBeGreaterThan(at10('text'))
  })
})
