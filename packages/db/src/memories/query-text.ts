/** A question taken apart as people write them in search boxes. */
export interface QueryText {
  /** Everything that should raise a score, operators taken out: any of it, not all. */
  readonly words: string
  /** Phrases that must occur, all those of one list or all those of another; null when there are none. */
  readonly required: readonly (readonly string[])[] | null
  /** Phrases that must not occur, word for word. */
  readonly excludedPhrases: readonly string[]
  /** Words that must not occur, in any of their forms. */
  readonly excludedWords: readonly string[]
}

/** Quoted phrases with or without a minus, then anything up to white space. */
const TOKEN = /(-?)"([^"]*)"|(\S+)/gu
/** `-5` or `-2.5%` is how cold it was, and leaves out nothing; `-"5"` does. */
const EXCLUDED = /^-(?!\p{N}+([.,]\p{N}+)*\P{L}?$)[\p{L}\p{N}]/u

/**
 * Reads quoted phrases (must occur), `-word` and `-"a phrase"` (must not) and `or` between phrases. Everything
 * else, negative numbers among it, are words of which each may or may not occur: a question in natural language is never AND-ed.
 */
export function readQueryText(text: string): QueryText {
  const words: string[] = []
  const excludedPhrases: string[] = []
  const excludedWords: string[] = []
  const required: string[][] = []
  let afterOr = false
  for (const [, minus, phrase, word] of text.matchAll(TOKEN)) {
    if (phrase !== undefined) {
      const quoted = phrase.trim()
      if (quoted === '') continue
      if (minus === '-') excludedPhrases.push(quoted)
      else {
        const together = required.at(-1)
        if (together === undefined || afterOr) required.push([quoted])
        else together.push(quoted)
        words.push(phrase)
      }
      afterOr = false
      continue
    }
    const token = word as string
    if (/^or$/i.test(token)) {
      afterOr = true
      words.push(token)
    } else if (EXCLUDED.test(token)) {
      excludedWords.push(token.slice(1).replaceAll('"', ''))
    } else {
      afterOr = false
      words.push(token)
    }
  }
  return {
    words: words.join(' '),
    required: required.length > 0 ? required : null,
    excludedPhrases,
    excludedWords,
  }
}
