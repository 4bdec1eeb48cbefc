// Writes prisma/migrations into src/generated/migrations.ts, so that the published package carries them as code
// and finds them wherever it is bundled to.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

const from = new URL('../../../prisma/migrations/', import.meta.url)
const to = new URL('../src/generated/', import.meta.url)

const migrations = readdirSync(from, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()
  .map((name) => {
    const sql = readFileSync(new URL(`${name}/migration.sql`, from), 'utf8')
    return { name, checksum: createHash('sha256').update(sql).digest('hex'), sql }
  })

mkdirSync(to, { recursive: true })
writeFileSync(
  new URL('migrations.ts', to),
  `// Generated from prisma/migrations by scripts/embed-migrations.mjs.
import type { Migration } from '../migrate/plan.js'

export const migrations: readonly Migration[] = ${JSON.stringify(migrations, null, 2)}
`,
)
