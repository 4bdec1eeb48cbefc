// Writes what the migrations make into src/generated/expected-schema.ts, as the catalogue of an embedded database has it once
// they are applied: what `doctor` compares other databases with. Needs @funes/embedded built and the Prisma client generated.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createEmbeddedPool } from '@funes/embedded'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url)
const from = new URL('../../../prisma/migrations/', import.meta.url)
const to = new URL('../src/generated/', import.meta.url)

/** The statements that doctor itself asks with; beside node_modules, so that what they import is found. */
const bundle = new URL(`../node_modules/.cache/schema-facts-${process.pid}.mjs`, import.meta.url)
await build({
  absWorkingDir: fileURLToPath(root),
  stdin: {
    contents: "export { compile } from './src/sql/statement.js'; export * from './src/sql/schema-facts.js'",
    resolveDir: fileURLToPath(root),
  },
  outfile: fileURLToPath(bundle),
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
})

const pool = await createEmbeddedPool()
try {
  const { compile, selectSchemaNames, selectSchemaFacts } = await import(bundle.href)
  const ask = async (statement) => {
    const { text, values } = compile(statement)
    return (await pool.query(text, values)).rows
  }
  const migrations = readdirSync(from, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const name of migrations.map((entry) => entry.name).sort())
    await pool.query(readFileSync(new URL(`${name}/migration.sql`, from), 'utf8'))
  const [names] = await ask(selectSchemaNames)
  const facts = (await ask(selectSchemaFacts(names))).map((fact) => ({
    ...fact,
    // Other databases may have it all in another schema, and shells have it all in one line.
    definition: fact.definition
      .replace(/--[^\n]*/g, '')
      .replace(/\bpublic\./g, '')
      .trim(),
  }))
  if (facts.length === 0) throw new Error('The migrations made nothing.')
  mkdirSync(to, { recursive: true })
  writeFileSync(
    new URL('expected-schema.ts', to),
    `// Generated from prisma/migrations by scripts/embed-schema.mjs.
import type { SchemaFact, SchemaNames } from '../sql/schema-facts.js'

/** What this release's migrations make, by name, and in full. */
export const expectedSchema: { readonly names: SchemaNames; readonly facts: readonly SchemaFact[] } = ${JSON.stringify({ names, facts }, null, 2)}
`,
  )
} finally {
  await pool.end()
  rmSync(bundle, { force: true })
}
