// Writes the tables and columns of prisma/schema.prisma into src/generated/expected-schema.ts, for comparison with those that
// a database has. Prisma's own run-time data model leaves out what it cannot read, the vectors among them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const schema = readFileSync(new URL('../../../prisma/schema.prisma', import.meta.url), 'utf8')
const to = new URL('../src/generated/', import.meta.url)

const models = [...schema.matchAll(/^model (\w+) \{\n(.*?)^\}/gms)].map(([, name, body]) => ({
  name,
  lines: body
    .split('\n')
    .map((line) => line.replace(/\/\/.*$/, '').trim())
    .filter((line) => line !== ''),
}))
const names = new Set(models.map(({ name }) => name))

const tables = models.map(({ name, lines }) => {
  const table = lines.map((line) => /^@@map\("([^"]+)"\)/.exec(line)?.[1]).find(Boolean) ?? name
  const columns = lines
    .filter((line) => !line.startsWith('@@'))
    // A field whose type is another model is a relation, and no column.
    .filter((line) => !names.has(/^\w+\s+(\w+)/.exec(line)?.[1]))
    .map((line) => /@map\("([^"]+)"\)/.exec(line)?.[1] ?? /^\w+/.exec(line)[0])
  return [table, columns]
})
if (tables.length === 0) throw new Error('No model was found in prisma/schema.prisma.')

mkdirSync(to, { recursive: true })
writeFileSync(
  new URL('expected-schema.ts', to),
  `// Generated from prisma/schema.prisma by scripts/embed-schema.mjs.

/** The columns that this release expects, by table. */
export const expectedColumns: Readonly<Record<string, readonly string[]>> = ${JSON.stringify(Object.fromEntries(tables), null, 2)}
`,
)
