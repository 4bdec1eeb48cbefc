/** What must occur: a phrase word for word, or a word in any of its forms. */
export type Occurrence = { readonly phrase: string } | { readonly word: string }

/** A question taken apart as people write them in search boxes. */
export interface QueryText {
  /** Everything that should raise a score, operators taken out: any of it, not all. */
  readonly words: string
  /** What must occur, all of one list or all of another; null when nothing must. */
  readonly required: readonly (readonly Occurrence[])[] | null
  /** Phrases that must not occur, word for word. */
  readonly excludedPhrases: readonly string[]
  /** Words that must not occur, in any of their forms. */
  readonly excludedWords: readonly string[]
}

/** The quotes that telephones, word processors and other languages write, as the one that is read here. */
const QUOTES = /[“”„‟«»＂]/gu
/**
 * Quoted phrases with or without a minus, then anything up to white space or the next of them. A quote opens a phrase
 * after white space and punctuation: behind a letter or a digit, as in `5"`, it stands for something else.
 */
const TOKEN = /(?<![\p{L}\p{N}])(-?)"([^"]*)"|(?:(?!(?<![\p{L}\p{N}])-?"[^"]*")\S)+/gu
/** `-5` or `-2.5%` is how cold it was, and leaves out nothing; `-"5"` does. */
const EXCLUDED = /^-(?!\p{N}+([.,]\p{N}+)*\P{L}?$)[\p{L}\p{N}]/u
const SAYS_SOMETHING = /[\p{L}\p{N}]/u

/** A part of the question that says something, and whether an `or` stands between it and the one before. */
interface Part {
  readonly occurrence: Occurrence
  readonly afterOr: boolean
}

/**
 * Reads quoted phrases (must occur), `-word` and `-"a phrase"` (must not) and `or` beside a phrase: what stands on its other
 * side will do as well, be it a phrase or a word. Everything else, negative numbers among it, are words of which each may or may
 * not occur: a question in natural language is never AND-ed.
 */
export function readQueryText(text: string): QueryText {
  const words: string[] = []
  const excludedPhrases: string[] = []
  const excludedWords: string[] = []
  const parts: Part[] = []
  let afterOr = false
  function add(occurrence: Occurrence): void {
    parts.push({ occurrence, afterOr: afterOr && parts.length > 0 })
    afterOr = false
  }
  for (const [token, minus, quoted] of text.replaceAll(QUOTES, '"').matchAll(TOKEN)) {
    const phrase = quoted?.trim()
    // What is left out is left out of everything: it stands in no `or`.
    if (phrase !== undefined) {
      if (phrase === '') continue
      if (minus === '-') excludedPhrases.push(phrase)
      else {
        words.push(phrase)
        add({ phrase })
      }
    } else if (EXCLUDED.test(token)) {
      excludedWords.push(token.slice(1).replaceAll('"', ''))
    } else {
      words.push(token)
      if (/^or$/i.test(token)) afterOr = true
      else if (SAYS_SOMETHING.test(token)) add({ word: token })
    }
  }
  return { words: words.join(' '), required: requiredOf(parts), excludedPhrases, excludedWords }
}

/** Parts with an `or` between them are alternatives if one of them is a phrase; words alone are wanted anyway, not required. */
function requiredOf(parts: readonly Part[]): Occurrence[][] | null {
  const chains: Occurrence[][] = []
  for (const { occurrence, afterOr } of parts) {
    const chain = chains.at(-1)
    if (chain === undefined || !afterOr) chains.push([occurrence])
    else chain.push(occurrence)
  }
  const required: Occurrence[][] = []
  for (const chain of chains.filter((one) => one.some((part) => 'phrase' in part))) {
    for (const [i, part] of chain.entries()) {
      const together = required.at(-1)
      if (together === undefined || i > 0) required.push([part])
      else together.push(part)
    }
  }
  return required.length > 0 ? required : null
}

/** Whether the question has operators in it, so that not all of it says what is looked for. */
export function hasOperators({ required, excludedPhrases, excludedWords }: QueryText): boolean {
  return required !== null || excludedPhrases.length > 0 || excludedWords.length > 0
}
