// Writes docs/cli.md from the commands themselves. Run after a build: node packages/cli/scripts/cli-doc.mjs
import { writeFileSync } from 'node:fs'
import { commandLinePage } from '../dist/command/page.js'
import { COMMANDS } from '../dist/commands/index.js'

writeFileSync(new URL('../../../docs/cli.md', import.meta.url), commandLinePage(COMMANDS))
