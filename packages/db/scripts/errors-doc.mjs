// Writes docs/errors.md from the table of codes. Run after a build: node packages/db/scripts/errors-doc.mjs
import { writeFileSync } from 'node:fs'
import { ERROR_CODES } from '../dist/index.js'

const groups = {}
for (const entry of Object.entries(ERROR_CODES)) {
  const name = entry[0].split('.')[0]
  groups[name] = [...(groups[name] ?? []), entry]
}

const sections = Object.entries(groups).map(
  ([name, entries]) =>
    `## ${name}\n\n| code | meaning |\n|---|---|\n${entries.map(([code, meaning]) => `| \`${code}\` | ${meaning} |`).join('\n')}`,
)

writeFileSync(
  new URL('../../../docs/errors.md', import.meta.url),
  `# Errors

<!-- Generated from packages/db/src/errors/codes.ts by packages/db/scripts/errors-doc.mjs: change that table, not this page. -->

Everything Funes throws is one kind of error: an \`Error\` with a stable \`code\`, a \`message\`, a \`fix\` that says what to do
about it, and \`meta\` with facts for programs (names, limits, the SQLSTATE). Driver errors are translated once, by
SQLSTATE; the driver's own error is the \`cause\`, cleaned of rows and parameters. No message holds a memory's content, a vector
or a password.

\`\`\`ts
import { isFunesError } from '@funes/db'

try {
  await funes.memories.update({ userId, id, importance: 1 })
} catch (error) {
  if (isFunesError(error, 'MEMORY.NOT_FOUND')) return null
  throw error
}
\`\`\`

Match by code with \`isFunesError\`, never by \`instanceof\` or by message.

${sections.join('\n\n')}
`,
)
