import type { SearchOptions } from '@funes/db'
import type { Question } from './labelled-set.js'
import { plainWords } from './plain-words.js'

/** A way of asking, with Funes's own defaults for everything that it does not name. */
export interface RetrievalMode {
  readonly name: string
  readonly about: string
  /** Null where there is nothing to ask by: a question by meaning that the encoder has no vector for. */
  options(question: Question): SearchOptions | null
}

const byMeaning = ({ embedding }: Question): SearchOptions | null =>
  embedding === null ? null : { mode: 'vector', embedding }
const byWords = ({ text }: Question): SearchOptions => ({ mode: 'text', text: plainWords(text) })
const byBoth = (question: Question): SearchOptions => {
  const { embedding } = question
  return embedding === null ? byWords(question) : { ...byWords(question), mode: 'hybrid', embedding }
}

export const MODES: readonly RetrievalMode[] = [
  { name: 'vector', about: 'by meaning alone', options: byMeaning },
  { name: 'text', about: 'by words alone', options: byWords },
  { name: 'hybrid', about: 'by both', options: byBoth },
  {
    name: 'hybrid-context',
    about: 'by both, neighbouring turns lend and are returned',
    options: (question) => ({ ...byBoth(question), context: { before: 1, after: 1 } }),
  },
]
