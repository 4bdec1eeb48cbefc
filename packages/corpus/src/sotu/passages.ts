import { splitSentences } from './sentences.js'

/** A sentence encoder blurs what is longer; a passage of this size still says one thing. */
const MAX_CHARACTERS = 300
/** A single sentence may be longer, as the eighteenth century liked, up to this. */
const MAX_SENTENCE = 500
const MIN_CHARACTERS = 60

/** Cuts a sentence that is too long after a semicolon or colon, else a comma, else a blank, near its middle. */
function cutLongSentence(sentence: string): string[] {
  if (sentence.length <= MAX_SENTENCE) return [sentence]
  const middle = sentence.length / 2
  for (const mark of [/[;:] /g, /, /g, / /g]) {
    const ends = [...sentence.matchAll(mark)].map((match) => match.index + match[0].length)
    const nearest = ends.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0]
    if (nearest === undefined || Math.abs(nearest - middle) > sentence.length / 3) continue
    const halves = [sentence.slice(0, nearest), sentence.slice(nearest)]
    return halves.flatMap((half) => cutLongSentence(half.trim()))
  }
  return [sentence]
}

/** Tables of figures and lists of offices have no sentence in them. */
function isProse(text: string): boolean {
  const letters = text.replace(/[^a-z]+/gi, '').length
  return text.length >= MIN_CHARACTERS && letters / text.length > 0.7
}

/**
 * Cuts clean text into passages: whole sentences, as many as fit in 300 characters, at least 60 in all.
 *
 * @returns passages in the order of the text; figures and fragments are left out.
 */
export function cutPassages(text: string): string[] {
  const passages: string[] = []
  let passage = ''
  for (const sentence of splitSentences(text).flatMap(cutLongSentence)) {
    const longer = passage === '' ? sentence : `${passage} ${sentence}`
    if (longer.length <= MAX_CHARACTERS || passage.length < MIN_CHARACTERS / 2) {
      passage = longer
    } else {
      passages.push(passage)
      passage = sentence
    }
  }
  return [...passages, passage].filter(isProse)
}
