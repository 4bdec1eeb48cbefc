import { type FileRecord, readJsonLines } from '@funes/corpus/files'
import { datasetError } from './dataset-error.js'
import { type LabelledSet, turnKey } from './labelled-set.js'
import { readQuestion, readTurn } from './read-line.js'

interface Placed<T> {
  readonly line: number
  readonly value: T
}

async function readAll<T>(path: string, read: (path: string, record: FileRecord) => T): Promise<Placed<T>[]> {
  const all: Placed<T>[] = []
  for await (const record of readJsonLines(path)) all.push({ line: record.line, value: read(path, record) })
  if (all.length === 0) throw datasetError('DATASET.EMPTY', { path }, 'holds no line')
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

/**
 * Reads a labelled set out of two JSONL files and checks all of it.
 *
 * A turn is `{ userId, sessionId, id, content, createdAt, embedding? }`, a question `{ userId, text, embedding?, evidence }`,
 * where evidence are ids of turns of the same user. Other fields are left alone.
 *
 * @throws `FILE.INVALID` and `DATASET.*`, naming file and line
 */
export async function readLabelledSet(turnsPath: string, questionsPath: string): Promise<LabelledSet> {
  const turns = await readAll(turnsPath, readTurn)
  const questions = await readAll(questionsPath, readQuestion)
  const dimensions = turns[0]?.value.embedding?.length ?? null
  checkEmbeddings(turnsPath, turns, dimensions)
  checkEmbeddings(questionsPath, questions, dimensions)

  const known = new Map<string, number>()
  for (const { line, value } of turns) {
    const earlier = known.get(turnKey(value))
    if (earlier !== undefined) {
      const problem = `id ${value.id} is that of line ${earlier} too`
      throw datasetError('DATASET.DUPLICATE_ID', { path: turnsPath, line }, problem)
    }
    known.set(turnKey(value), line)
  }
  for (const { line, value } of questions) {
    const unknown = value.evidence.find((id) => !known.has(turnKey({ userId: value.userId, id })))
    if (unknown === undefined) continue
    const problem = `evidence ${unknown} is no turn of user ${value.userId}`
    throw datasetError('DATASET.UNKNOWN_EVIDENCE', { path: questionsPath, line }, problem)
  }
  return {
    name: turnsPath,
    turns: turns.map(({ value }) => value),
    questions: questions.map(({ value }) => value),
  }
}
