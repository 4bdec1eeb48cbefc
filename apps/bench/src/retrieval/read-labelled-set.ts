import { type FileRecord, readJsonLines } from '@funes/corpus/files'
import { datasetError } from './dataset-error.js'
import { type LabelledSet, type Question, type Turn, turnKey } from './labelled-set.js'
import type { Oddity } from './oddity.js'
import { readQuestion, readTurn } from './read-line.js'

interface Placed<T> {
  readonly line: number
  readonly value: T
}

type Reader<T> = (path: string, record: FileRecord, oddities: Oddity[]) => T | null

async function readAll<T>(path: string, read: Reader<T>, oddities: Oddity[]): Promise<Placed<T>[]> {
  const all: Placed<T>[] = []
  let hasLine = false
  for await (const record of readJsonLines(path)) {
    hasLine = true
    const value = read(path, record, oddities)
    if (value !== null) all.push({ line: record.line, value })
  }
  if (!hasLine) throw datasetError('DATASET.EMPTY', { path }, 'holds no line')
  return all
}

type HasEmbedding = { readonly embedding: Float32Array | null }

/** All vectors have the length of the first one, or nobody has any. */
function checkEmbeddings(
  path: string,
  items: readonly Placed<HasEmbedding>[],
  expected: number | null,
): void {
  for (const { line, value } of items) {
    const actual = value.embedding?.length ?? null
    if (actual === expected) continue
    const told = (length: number | null) => (length === null ? 'no embedding' : `${length} dimensions`)
    const problem = `has ${told(actual)}, the first turn has ${told(expected)}`
    throw datasetError('DATASET.EMBEDDINGS_DIFFER', { path, line }, problem)
  }
}

/** @throws `DATASET.DUPLICATE_ID` */
function keysOf(path: string, turns: readonly Placed<Turn>[]): ReadonlySet<string> {
  const known = new Map<string, number>()
  for (const { line, value } of turns) {
    const earlier = known.get(turnKey(value))
    if (earlier !== undefined) {
      const problem = `id ${JSON.stringify(value.id)} is that of line ${earlier} too`
      throw datasetError('DATASET.DUPLICATE_ID', { path, line }, problem)
    }
    known.set(turnKey(value), line)
  }
  return new Set(known.keys())
}

/** @throws `DATASET.UNKNOWN_EVIDENCE` where not a single question has evidence among the turns: that is another set's, or another field */
function noteMissing(
  path: string,
  questions: readonly Placed<Question>[],
  keys: ReadonlySet<string>,
  oddities: Oddity[],
): void {
  let found = 0
  for (const { line, value } of questions) {
    for (const id of value.evidence) {
      if (keys.has(turnKey({ userId: value.userId, id }))) found++
      else oddities.push({ kind: 'missingEvidence', path, line })
    }
  }
  if (found > 0) return
  const problem = 'no question names evidence that is a turn of its user'
  throw datasetError('DATASET.UNKNOWN_EVIDENCE', { path }, problem)
}

/**
 * Reads a labelled set out of two JSONL files and checks all of it.
 *
 * A turn is `{ userId, sessionId, id, content, createdAt, embedding? }`, a question `{ userId, text, embedding?, evidence }`,
 * where evidence are ids of turns of the same user. Other fields are left alone. Turns and questions without text and questions
 * without evidence are left out; evidence that is not among the turns stays, and no search will find it.
 *
 * @throws `FILE.INVALID` and `DATASET.*`, naming file and line
 */
export async function readLabelledSet(turnsPath: string, questionsPath: string): Promise<LabelledSet> {
  const oddities: Oddity[] = []
  const turns = await readAll(turnsPath, readTurn, oddities)
  const questions = await readAll(questionsPath, readQuestion, oddities)
  if (turns.length === 0) throw datasetError('DATASET.EMPTY', { path: turnsPath }, 'has no turn with text')
  if (questions.length === 0) {
    const problem = 'has no question with both text and evidence'
    throw datasetError('DATASET.EMPTY', { path: questionsPath }, problem)
  }
  const dimensions = turns[0]?.value.embedding?.length ?? null
  checkEmbeddings(turnsPath, turns, dimensions)
  checkEmbeddings(questionsPath, questions, dimensions)
  noteMissing(questionsPath, questions, keysOf(turnsPath, turns), oddities)
  return {
    name: turnsPath,
    turns: turns.map(({ value }) => value),
    questions: questions.map(({ value }) => value),
    oddities,
  }
}
