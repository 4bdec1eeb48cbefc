import { cosineDistance } from './vectors.js'

const K1 = 1.2
const B = 0.25
const PHRASE = 0.3
const SPEAKER = 2
const ASKING = 0.9

/** A memory of one user, in the order of its session. */
export interface Doc {
  id: string
  content: string
  session: number
  words: string[]
  /** Its first word stands before a colon. */
  labelled: boolean
  /** It ends in a question mark. */
  asks: boolean
  vector: Float32Array
}

const distinct = <T>(items: readonly T[]) => [...new Set(items)]
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)

interface Term {
  word: string
  idf: number
}

/** The words of the question that occur, and what all of them would weigh. */
function termsOf(docs: readonly Doc[], query: readonly string[]): { terms: Term[]; possible: number } {
  const all = distinct(query).map((word) => {
    const df = docs.filter((doc) => doc.words.includes(word)).length
    return { word, df, idf: Math.log(1 + (docs.length - df + 0.5) / (df + 0.5)) }
  })
  return { terms: all.filter(({ df }) => df > 0), possible: sum(all.map(({ idf }) => idf)) }
}

/** What each term of the question adds to a document, by BM25. */
function wordScores(docs: readonly Doc[], terms: readonly Term[]) {
  const length = (doc: Doc) => distinct(doc.words).length
  const matching = docs.filter((doc) => terms.some(({ word }) => doc.words.includes(word)))
  const average = Math.max(1, sum(matching.map(length)) / Math.max(1, matching.length))
  return docs.map((doc) =>
    terms.map(({ word, idf }) => {
      const tf = doc.words.filter((w) => w === word).length
      return (idf * tf * (K1 + 1)) / (tf + K1 * (1 - B + (B * length(doc)) / average))
    }),
  )
}

/** Pairs of known words that follow each other in the question, at most one unknown one between them. */
function phrasesOf(query: readonly string[], terms: readonly Term[]) {
  const places = query.flatMap((word, place) => {
    const term = terms.find((t) => t.word === word)
    return term ? [{ word, place, idf: term.idf }] : []
  })
  const pairs = places.slice(1).map((b, i) => {
    const a = places[i] as (typeof places)[number]
    return { a: a.word, b: b.word, distance: b.place - a.place, gives: PHRASE * Math.min(a.idf, b.idf) }
  })
  const byText = new Map(pairs.map((pair) => [`${pair.a} ${pair.distance} ${pair.b}`, pair]))
  return [...byText.values()].filter(({ distance }) => distance <= 2)
}

/** The turn `steps` after this one in its session. */
function beside<T>(docs: readonly Doc[], values: readonly T[], i: number, steps: number): T | undefined {
  const session = docs
    .map((doc, place) => ({ doc, place }))
    .filter(({ doc }) => doc.session === docs[i]?.session)
  const at = session.findIndex(({ place }) => place === i)
  const other = session[at + steps]
  return other && values[other.place]
}

export interface Asked {
  vector?: Float32Array
  weights: { vector: number; text: number }
  lend: number
}

/** What words and meaning say for each document, its neighbours heard. */
function halves(docs: readonly Doc[], query: readonly string[], { vector, lend }: Omit<Asked, 'weights'>) {
  const { terms, possible } = termsOf(docs, query)
  const scores = wordScores(docs, terms)
  const phrases = phrasesOf(query, terms)
  const bonus = docs.map((doc) => {
    const names = doc.labelled && terms.some(({ word }) => word === doc.words[0]) ? SPEAKER : 0
    const has = ({ a, b, distance }: (typeof phrases)[number]) =>
      doc.words.some((word, i) => word === a && doc.words[i + distance] === b)
    return names + sum(phrases.filter(has).map(({ gives }) => gives))
  })
  const heard = docs.map((_, i) => {
    const best = terms.map((_, t) => {
      const from = (steps: number, part: number) => part * (beside(docs, scores, i, steps)?.[t] ?? 0)
      return Math.max(from(0, 1), from(-1, lend), from(1, lend), from(-2, lend / 2), from(2, lend / 2))
    })
    return sum(best)
  })
  const words = heard.map((score, i) => score + (bonus[i] as number))
  const trust = Math.min(1, (2 * Math.max(...heard)) / possible)
  const distances = docs.map((doc) => (vector ? cosineDistance(vector, doc.vector) : 0))
  const [nearest, farthest] = [Math.min(...distances), Math.max(...distances)]
  const near = distances.map((d) => (vector ? (farthest - d) / (farthest - nearest) : 0))
  const meaning = near.map(
    (own, i) => own + lend * Math.max(0, beside(docs, near, i, -1) ?? 0, beside(docs, near, i, 1) ?? 0),
  )
  return { words, meaning, trust }
}

/** Hybrid search over all documents of a user in plain TypeScript, best first. */
export function hybridScores(docs: readonly Doc[], query: readonly string[], asked: Asked) {
  const { weights } = asked
  const { words, meaning, trust } = halves(docs, query, asked)
  const best = (values: readonly number[]) => Math.max(...values) || 1
  return docs
    .map((doc, i) => {
      const meant = (weights.vector * (meaning[i] as number)) / best(meaning)
      const said = (trust * weights.text * (words[i] as number)) / best(words)
      return { id: doc.id, score: (doc.asks && weights.text > 0 ? ASKING : 1) * (meant + said) }
    })
    .sort((a, b) => b.score - a.score)
}

/**
 * Reciprocal rank fusion of all documents: for each the least and the greatest sum it may have, as scores that differ by no
 * more than their rounding may count as equal or not.
 */
export function rankScores(
  docs: readonly Doc[],
  query: readonly string[],
  asked: Asked & { constant: number },
) {
  const { weights, constant } = asked
  const { words, meaning } = halves(docs, query, asked)
  const EPSILON = 1e-6
  const reciprocal = (values: readonly number[], i: number, margin: number) =>
    1 / (constant + 1 + values.filter((value) => value > (values[i] as number) + margin).length)
  return new Map(
    docs.map((doc, i) => {
      const fused = (margin: number) =>
        weights.vector * reciprocal(meaning, i, margin) +
        ((words[i] as number) > 0 ? weights.text * reciprocal(words, i, margin) : 0)
      return [doc.id, { least: fused(-EPSILON), most: fused(EPSILON) }] as const
    }),
  )
}
