import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { RetrievalReport } from '../src/retrieval/measure.js'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const url = process.env.FUNES_TEST_DATABASE_URL

const turn = (id: unknown, content: unknown, embedding: number[], more = {}) => ({
  ...{ userId: 'u', sessionId: 's', id, content, createdAt: '2024-05-08 13:56', embedding },
  ...more,
})
const asks = (question: unknown, evidence: unknown, embedding: number[], more = {}) => ({
  ...{ userId: 'u', text: question, evidence, embedding },
  ...more,
})

describe.concurrent('bench retrieval on files of others', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'foreign-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function run(turns: readonly object[], questions: readonly object[]) {
    const cwd = mkdtempSync(join(folder, 'run-'))
    const write = (name: string, lines: readonly object[]) =>
      writeFileSync(join(cwd, name), `\uFEFF${lines.map((line) => JSON.stringify(line)).join('\r\n')}\r\n`)
    write('turns.jsonl', turns)
    write('questions.jsonl', questions)
    const args = ['retrieval', '--turns', 'turns.jsonl', '--questions', 'questions.jsonl', '--json']
    const child = spawn(process.execPath, [MAIN, ...args, ...(url === undefined ? [] : ['--url', url])], {
      ...{ cwd, stdio: ['ignore', 'pipe', 'pipe'] as const },
    })
    const [out, told, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    return { out, told, code }
  }

  it('measures what can be measured, and says what could not', async ({ expect }) => {
    const turns = [
      turn(1, 'Ada drinks tea', [1, 0, 0], { speaker: 'Ada', blip: null }),
      turn('2', 'Ben likes "Becoming Nicole"', [0, 1, 0]),
      turn('3', '  ', [0, 0, 0]),
      turn('4', `zebra\u0000 ${'word '.repeat(30_000)}`, [0, 0, 1e-30]),
      turn('5', 'half \ud83d of a sign', [1, 1, 1], { sessionId: 'é'.repeat(900) }),
      turn(1, 'Cy has another id of one', [1, 0, 0], { userId: 'v', sessionId: null, createdAt: 1.7e9 }),
    ]
    const phrases = Array.from({ length: 400 }, (_, i) => `"w${i}"`).join(' ')
    const { out, told, code } = await run(turns, [
      asks('-tea', [1], [1, 0, 0]),
      asks('who has "read this Becoming Nicole"?', ['2', 'D9:9'], [0, 1, 0]),
      asks('what has zebra?', '4', [0, 0, 1]),
      asks(`zebra ${phrases} ${'x'.repeat(20_000)}`, ['4'], [0, 0, 1]),
      asks('?', [5], [1, 1, 1]),
      asks('nobody has this user', ['1'], [1, 0, 0], { userId: 'nobody' }),
      asks('which id is one?', ['1'], [1, 0, 0], { userId: 'v', category: 5 }),
      asks('no evidence', [], [1, 0, 0]),
      asks('', [1], [1, 0, 0]),
    ])
    expect(told).toContain('questions.jsonl: 1 questions without evidence, left out (line 8)')
    expect(code, told).toBe(0)
    const report = JSON.parse(out) as RetrievalReport
    expect(report).toMatchObject({
      ...{ turns: 5, questions: 7, users: 2, dimensions: 3 },
      oddities: {
        ...{ turnsWithoutText: 1, questionsWithoutText: 1, questionsWithoutEvidence: 1 },
        ...{ missingEvidence: 2, cutTexts: 2 },
      },
    })
    const [vector, words, hybrid] = report.modes
    expect(report.modes.map(({ failed }) => failed)).toEqual([0, 0, 0, 0])
    // Of seven questions one is nobody's, and one has half of its evidence.
    expect(vector?.evidenceRecall[5]).toBeCloseTo(5.5 / 7)
    expect(hybrid?.evidenceRecall[5]).toBeCloseTo(5.5 / 7)
    expect(hybrid?.anyHit[5]).toBeCloseTo(6 / 7)
    // A question mark is no word.
    expect(words?.evidenceRecall[5]).toBeCloseTo(4.5 / 7)
  })

  it('names the line of what is broken, in one line, before anything is stored', async ({ expect }) => {
    const { out, told, code } = await run(
      [turn('1', 'Ada drinks tea', [1, 0]), turn('2', 'Ben', [1, 0, 0])],
      [asks('who?', ['1'], [1, 0])],
    )
    expect([out, code]).toEqual(['', 1])
    expect(told).toBe(
      'turns.jsonl:2: has 3 dimensions, the first turn has 2 dimensions (DATASET.EMBEDDINGS_DIFFER)\n',
    )
  })
})
