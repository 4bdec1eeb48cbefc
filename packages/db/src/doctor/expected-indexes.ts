const WORD = '"?([a-z_][a-z0-9_]*)"?'
const STATEMENTS: readonly (readonly [
  RegExp,
  (indexes: Map<string, Made>, match: RegExpExecArray) => void,
])[] = [
  [
    new RegExp(
      `^create (?:unique )?index (?:concurrently )?(?:if not exists )?${WORD} on (?:only )?${WORD}`,
      'i',
    ),
    (indexes, [, name = '', table = '']) => indexes.set(name, { table, definition: '' }),
  ],
  [
    new RegExp(`^drop index (?:concurrently )?(?:if exists )?${WORD}`, 'i'),
    (indexes, [, name = '']) => indexes.delete(name),
  ],
  [
    new RegExp(`^alter index (?:if exists )?${WORD} rename to ${WORD}`, 'i'),
    (indexes, [, from = '', to = '']) => {
      const made = indexes.get(from)
      indexes.delete(from)
      if (made) indexes.set(to, made)
    },
  ],
  [
    new RegExp(`^drop table (?:if exists )?${WORD}`, 'i'),
    (indexes, [, table = '']) => {
      for (const [name, made] of indexes) if (made.table === table) indexes.delete(name)
    },
  ],
]

interface Made {
  readonly table: string
  definition: string
}

/**
 * The ordinary indexes that stand after these migrations, with the statement that makes each. What a block of code makes
 * depends on the database, and is left out.
 */
export function expectedIndexes(migrations: readonly string[]): Map<string, string> {
  const indexes = new Map<string, Made>()
  for (const text of migrations) {
    const plain = text.replace(/--[^\n]*/g, '').replace(/(\$\w*\$).*?\1/gs, '')
    for (const statement of plain.split(';').map((one) => one.replace(/\s+/g, ' ').trim())) {
      for (const [pattern, apply] of STATEMENTS) {
        const match = pattern.exec(statement)
        if (match === null) continue
        apply(indexes, match)
        const made = indexes.get(match[1] ?? '')
        if (made && /^create/i.test(statement)) made.definition = statement
      }
    }
  }
  return new Map([...indexes].map(([name, { definition }]) => [name, definition]))
}
