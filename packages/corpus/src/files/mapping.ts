/** What a memory is made of, and the fields of a file may be. */
export const FIELDS = [
  'userId',
  'content',
  'sessionId',
  'id',
  'source',
  'importance',
  'createdAt',
  'embedding',
  'metadata',
] as const
export type Field = (typeof FIELDS)[number]

/** Which field of the file each is read from; a field of the same name unless said otherwise. */
export type Mapping = Partial<Readonly<Record<Field, string>>>

/**
 * Reads a mapping as it stands on a command line: `userId=author,content=body`.
 *
 * @throws RangeError on anything else
 */
export function parseMapping(text: string): Mapping {
  const mapping: Partial<Record<Field, string>> = {}
  for (const part of text.split(',')) {
    const at = part.indexOf('=')
    const field = FIELDS.find((name) => name === part.slice(0, at).trim())
    const column = part.slice(at + 1).trim()
    if (at < 0 || field === undefined || column === '') {
      throw new RangeError(
        `${JSON.stringify(part)} does not read as field=column, with a field of ${FIELDS.join(', ')}`,
      )
    }
    if (mapping[field] !== undefined) throw new RangeError(`${field} is mapped twice`)
    mapping[field] = column
  }
  // The same mapping written in another order is the same.
  return Object.fromEntries(
    FIELDS.flatMap((field) => (mapping[field] === undefined ? [] : [[field, mapping[field]]])),
  )
}
