/** What a search box reads as the quotes of a phrase, in any language's writing. */
const QUOTES = /["“”„‟«»＂]/gu
/** The minus, hyphen or dash before a word that a search box reads as "without"; `-5` and `-2.5%` are numbers. */
const MINUS = /(?<![\p{L}\p{N}])[-‐‑‒–—−﹣－]+(?!\p{N}+(?:[.,]\p{N}+)*[^\p{L}\s]?(?!\S))/gu

/**
 * A question's text without what a search box takes for operators: people who asked each other wrote no search syntax, and a
 * quoted title is no condition. Nothing that is left can be refused.
 */
export function plainWords(text: string): string {
  const words = text.replaceAll(QUOTES, ' ').replaceAll(MINUS, ' ').trim()
  // Nothing left: a mark that says nothing finds nothing, which is the answer.
  return words === '' ? '?' : words
}
