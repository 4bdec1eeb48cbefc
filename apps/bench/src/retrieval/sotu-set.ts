import { fileURLToPath } from 'node:url'
import { readJsonLines } from '@funes/corpus/files'
import { loadSotu, type SotuAddress } from '@funes/corpus/sotu'
import { datasetError } from './dataset-error.js'
import { type LabelledSet, type Turn, turnKey } from './labelled-set.js'
import type { Oddity } from './oddity.js'
import { readQuestion } from './read-line.js'

const QUESTIONS = fileURLToPath(new URL('../../data/sotu-questions.jsonl', import.meta.url))

/** The first day of the year: the data set knows no nearer. */
const dateOf = (year: number) => new Date(Date.UTC(year, 0, 1))

function turnsOf({ id: sessionId, president, year, passages }: SotuAddress): Turn[] {
  return passages.map(({ id, text }) => ({
    userId: president.id,
    sessionId,
    id,
    content: text,
    createdAt: dateOf(year),
    embedding: null,
  }))
}

/**
 * Questions about State of the Union addresses, in other words than the addresses have, with the passages that answer
 * them. User = president, session = address; all addresses of every president who is asked about.
 *
 * @param presidents ids, as `abraham-lincoln`, of those to keep; all unless given
 * @throws `DATASET.*` where the questions do not fit the text
 */
export async function readSotuSet(presidents?: readonly string[]): Promise<LabelledSet> {
  const questions = []
  const oddities: Oddity[] = []
  for await (const record of readJsonLines(QUESTIONS)) {
    const question = readQuestion(QUESTIONS, record, oddities)
    if (question === null) continue
    if (presidents === undefined || presidents.includes(question.userId)) {
      questions.push({ line: record.line, question })
    }
  }
  const asked = [...new Set(questions.map(({ question }) => question.userId))]
  const turns = (await loadSotu({ presidents: asked })).flatMap(turnsOf)
  const known = new Set(turns.map(turnKey))
  for (const { line, question } of questions) {
    const unknown = question.evidence.find((id) => !known.has(turnKey({ userId: question.userId, id })))
    if (unknown === undefined) continue
    const problem = `evidence ${unknown} is no passage of ${question.userId}`
    throw datasetError('DATASET.UNKNOWN_EVIDENCE', { path: QUESTIONS, line }, problem)
  }
  return { name: 'sotu', turns, questions: questions.map(({ question }) => question), oddities }
}
