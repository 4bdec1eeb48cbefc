/**
 * COPY FROM STDIN is a conversation: the server asks for data in the middle of a statement. PGlite cannot
 * wait in the middle, and ends its session for good when the data is not there already. So the question is
 * asked in its place, and the statement runs when the data is complete.
 */

const byte = (character: string) => character.charCodeAt(0)

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head[0] = byte(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/**
 * Asks a client for its data. Clients send what they have without looking at the formats, so none is named.
 */
export const COPY_IN_RESPONSE = message('G', Buffer.from([0, 0, 0]))

/**
 * Ends a second COPY of the same script, for which no data can come; without a COPY the server ignores it.
 */
export const COPY_FAIL = message('f', Buffer.from('This script may hold only one COPY FROM STDIN.\0'))

/**
 * Whether a simple query may ask for data. It may say yes to a text that only speaks of it: the client then
 * sends a CopyFail, which the server ignores.
 */
export function mayCopyIn(query: Buffer): boolean {
  const text = query.toString('latin1', 5)
  return /\bstdin\b/i.test(text) && /\bcopy\b/i.test(text)
}

const COPY_IN_STATEMENT =
  /^(?:\s|--[^\n]*\n|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*copy\s+(?!\s|\()[^;]*\bfrom\s+stdin\b/i
const REFUSAL =
  "do $$ begin raise exception 'COPY FROM STDIN needs the simple query protocol here: use neither a " +
  "statement name nor parameters' using errcode = 'feature_not_supported'; end $$\0"

/** In the place of a Parse message that would prepare a COPY FROM STDIN, one that fails and says why. */
export function withoutCopyIn(parse: Buffer): Buffer {
  const nameEnd = parse.indexOf(0, 5) + 1
  // Longer than any COPY, shorter than the arrays somebody may have written into a statement.
  if (!COPY_IN_STATEMENT.test(parse.toString('latin1', nameEnd, nameEnd + 4096))) return parse
  return message('P', Buffer.concat([parse.subarray(5, nameEnd), Buffer.from(REFUSAL), Buffer.from([0, 0])]))
}

/** The answer without the questions that were asked in advance. */
export function dropCopyInResponses(answer: Buffer): Buffer {
  const kept: Buffer[] = []
  for (let at = 0; at < answer.length; ) {
    const end = at + 1 + answer.readInt32BE(at + 1)
    if (answer[at] !== byte('G')) kept.push(answer.subarray(at, end))
    at = end
  }
  return Buffer.concat(kept)
}
