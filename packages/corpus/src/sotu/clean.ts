/** What a transcriber noted about the room, and marks of the printed page. Editorial words, as "[the States]", stay. */
const NOTES =
  /[[(](?:(?:laughter|applause|cheers|missing text|sic|\d+|p\. ?\d+)\.?|(?:at this point|footnote|audience)[^\])]*)[\])]/gi
const RULES = /_{2,}|-{3,}|\*+/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: one file holds U+0002
const CONTROL = /[\u0000-\u001f\u007f]/g

/** Takes out transcribers' notes and leftovers of printing, and makes all white space single blanks. */
export function cleanText(text: string): string {
  return text
    .replace(NOTES, ' ')
    .replace(RULES, ' ')
    .replace(CONTROL, ' ')
    .replace(/\u2011/g, '-')
    .replace(/\s+/g, ' ')
    .replace(/ ([,.;:?!])/g, '$1')
    .trim()
}
