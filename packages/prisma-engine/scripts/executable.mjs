// The Prisma CLI spawns dist/cli.js as a program of its own, and tsc writes plain files.
import { chmodSync } from 'node:fs'

chmodSync(new URL('../dist/cli.js', import.meta.url), 0o755)
