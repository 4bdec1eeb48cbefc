/** A question taken apart as people write them in search boxes. */
export interface QueryText {
  /** Everything that should raise a score, operators taken out: any of it, not all. */
  readonly words: string
  /** Phrases that must occur, in the syntax of websearch_to_tsquery; null when there are none. */
  readonly required: string | null
  /** Words and phrases that must not, in the same syntax, joined by `or`; null when there are none. */
  readonly excluded: string | null
}

/** Quoted phrases with or without a minus, then anything up to white space. */
const TOKEN = /(-?)"([^"]*)"|(\S+)/gu

/**
 * Reads quoted phrases (must occur), `-word` and `-"a phrase"` (must not) and `or` between phrases. Everything
 * else are words of which each may or may not occur: a question in natural language is never AND-ed.
 */
export function readQueryText(text: string): QueryText {
  const words: string[] = []
  const excluded: string[] = []
  let required = ''
  let afterOr = false
  for (const [, minus, phrase, word] of text.matchAll(TOKEN)) {
    if (phrase !== undefined) {
      const quoted = `"${phrase.trim()}"`
      if (phrase.trim() === '') continue
      if (minus === '-') excluded.push(quoted)
      else {
        required += required === '' ? quoted : `${afterOr ? ' or ' : ' '}${quoted}`
        words.push(phrase)
      }
      afterOr = false
      continue
    }
    const token = word as string
    if (/^or$/i.test(token)) {
      afterOr = true
      words.push(token)
    } else if (/^-[\p{L}\p{N}]/u.test(token)) {
      excluded.push(`"${token.slice(1).replaceAll('"', '')}"`)
    } else {
      afterOr = false
      words.push(token)
    }
  }
  return {
    words: words.join(' '),
    required: required || null,
    excluded: excluded.length > 0 ? excluded.join(' or ') : null,
  }
}
