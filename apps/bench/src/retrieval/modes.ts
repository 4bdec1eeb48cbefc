import type { SearchOptions } from '@funes/db'
import type { Question } from './labelled-set.js'

/** A way of asking, with Funes's own defaults for everything that it does not name. */
export interface RetrievalMode {
  readonly name: string
  readonly about: string
  options(question: Question): SearchOptions
}

const embeddingOf = ({ embedding }: Question) => embedding as Float32Array

export const MODES: readonly RetrievalMode[] = [
  {
    name: 'vector',
    about: 'by meaning alone',
    options: (question) => ({ mode: 'vector', embedding: embeddingOf(question) }),
  },
  {
    name: 'text',
    about: 'by words alone',
    options: ({ text }) => ({ mode: 'text', text }),
  },
  {
    name: 'hybrid',
    about: 'by both',
    options: (question) => ({ mode: 'hybrid', text: question.text, embedding: embeddingOf(question) }),
  },
  {
    name: 'hybrid-context',
    about: 'by both, neighbouring turns lend and are returned',
    options: (question) => ({
      mode: 'hybrid',
      text: question.text,
      embedding: embeddingOf(question),
      context: { before: 1, after: 1 },
    }),
  },
]
