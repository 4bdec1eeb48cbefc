/** Words whose full stop ends no sentence. */
const ABBREVIATIONS = new Set(
  `Mr Mrs Ms Dr Messrs Jr Sr St Gen Col Capt Lt Maj Adm Sen Rep Gov Hon Rev Prof No Nos Vol Art Sec Pp Stat Rev Fig
  U.S U.N D.C a.m p.m i.e e.g etc vs Jan Feb Mar Apr Aug Sept Oct Nov Dec Co Cos Inc Ft Mt`.split(/\s+/),
)

/** A stop, closing quotes or brackets, a blank, and something that can begin a sentence. */
const BOUNDARY = /([.?!])(["'”’)\]]*) (?=["'“‘([]?[A-Z0-9$])/g

function endsSentence(before: string, mark: string): boolean {
  if (mark !== '.') return true
  const word = before.slice(before.lastIndexOf(' ') + 1).replace(/^["'“‘([]+/, '')
  const isInitial = /^[A-Z](?:\.[A-Z])*$/.test(word) && word !== 'I'
  return !isInitial && !ABBREVIATIONS.has(word)
}

/**
 * Cuts clean English text into sentences.
 *
 * By rule and not by `Intl.Segmenter`, whose cuts change with the version of ICU and fall after "Mr.".
 */
export function splitSentences(text: string): string[] {
  const sentences: string[] = []
  let start = 0
  for (const match of text.matchAll(BOUNDARY)) {
    if (!endsSentence(text.slice(start, match.index), match[1] as string)) continue
    const end = match.index + match[0].length
    sentences.push(text.slice(start, end).trim())
    start = end
  }
  if (start < text.length) sentences.push(text.slice(start).trim())
  return sentences
}
