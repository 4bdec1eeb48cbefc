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
/** The minus of mathematics and other hyphens, where a word or quote follows that they leave out. */
const MINUSES = /(?<![\p{L}\p{N}])[−﹣－‐‑](?=["'‘’‚‛‹›\p{L}\p{N}])/gu
/** What is left out may be in single quotes; anywhere else they are apostrophes. */
const LEFT_OUT_IN_SINGLE_QUOTES = /(?<![\p{L}\p{N}])-['‘’‚‛‹›]([^'‘’‚‛‹›"]+)['‘’‚‛‹›](?![\p{L}\p{N}])/gu
/**
 * Quoted phrases with or without a minus, then anything up to white space or the next of them. A quote opens a phrase
 * after white space and punctuation: behind a letter or a digit, as in `5"`, it stands for something else.
 */
const TOKEN = /(?<![\p{L}\p{N}])(-?)"([^"]*)"|(?:(?!(?<![\p{L}\p{N}])-?"[^"]*")\S)+/gu
/** `-5` or `-2.5%` is how cold it was, and leaves out nothing; `-"5"` does. */
const EXCLUDED = /^-(?!\p{N}+([.,]\p{N}+)*\P{L}?$)[\p{L}\p{N}]/u
const SAYS_SOMETHING = /[\p{L}\p{N}]/u

/** So many operators, and so many characters in all of them, cost a search 0.1 s; nobody types more, and pasted text has thousands. */
const MAX_OPERATORS = 32
const MAX_OPERATOR_LENGTH = 1000
/** Lines that end as those of code do, or of which two in a row begin with a dash: a list, or a patch. */
const PASTED_LINES = /[;{}][ \t]*$|^[ \t]*-[^\n]*\n[ \t]*[-+]/mu
/** What stands before a quote in code, and behind it in JSON. */
const BEFORE_LITERAL = /(?:=\s?|\[|[\p{L}\p{N}_]\()$/u
const BEHIND_KEY = /^\s?:\s?(?:["[{\p{N}-]|true|false|null)/u

/** A part of the question that says something, and whether an `or` stands between it and the one before. */
interface Part {
  readonly occurrence: Occurrence
  readonly afterOr: boolean
}

/**
 * Reads quoted phrases (must occur), `-word` and `-"a phrase"` (must not) and `or` beside a phrase: what stands on its other
 * side will do as well, be it a phrase or a word. Everything else, negative numbers among it, are words of which each may or may
 * not occur: a question in natural language is never AND-ed.
 *
 * A text that was evidently pasted (JSON, code, a list with dashes, or anything with more than 32 operators or 1,000 characters
 * in them) is read as words alone: its quotes and dashes are its own, and it must be found by what it says.
 */
export function readQueryText(text: string): QueryText {
  const plain = text
    .replaceAll(QUOTES, '"')
    .replaceAll(MINUSES, '-')
    .replaceAll(LEFT_OUT_IN_SINGLE_QUOTES, '-"$1"')
  const read = readOperators(plain)
  if (read !== null && !(hasOperators(read) && (PASTED_LINES.test(plain) || isTooMuch(read)))) return read
  return { words: text, required: null, excludedPhrases: [], excludedWords: [] }
}

/** Null where a quote turns out to be one of code or JSON. */
function readOperators(text: string): QueryText | null {
  const words: string[] = []
  const excludedPhrases: string[] = []
  const excludedWords: string[] = []
  const parts: Part[] = []
  let afterOr = false
  function add(occurrence: Occurrence): void {
    parts.push({ occurrence, afterOr: afterOr && parts.length > 0 })
    afterOr = false
  }
  for (const { 0: token, 1: minus, 2: quoted, index } of text.matchAll(TOKEN)) {
    const phrase = quoted?.trim()
    // What is left out is left out of everything: it stands in no `or`.
    if (phrase !== undefined) {
      if (isLiteral(text, index, index + token.length)) return null
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

const isLiteral = (text: string, start: number, end: number): boolean =>
  BEFORE_LITERAL.test(text.slice(Math.max(0, start - 2), start)) || BEHIND_KEY.test(text.slice(end, end + 8))

function isTooMuch({ required, excludedPhrases, excludedWords }: QueryText): boolean {
  const must = (required ?? []).flat().map((one) => ('phrase' in one ? one.phrase : one.word))
  const texts = [...must, ...excludedPhrases, ...excludedWords]
  return texts.length > MAX_OPERATORS || texts.join('').length > MAX_OPERATOR_LENGTH
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
