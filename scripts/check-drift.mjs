// Proves that the migrations, prisma/schema.prisma and a migrated database agree, on the embedded engine and, where
// FUNES_TEST_DATABASE_URL names one, on a server; and that Prisma leaves the hand-made HNSW indexes alone.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkDrift } from './checks/drift.mjs'
import { embeddedDatabase, serverDatabase } from './checks/drift-database.mjs'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const serverUrl = process.env.FUNES_TEST_DATABASE_URL
const required = process.argv.includes('--require-server')
if (required && !serverUrl) {
  console.error('FUNES_TEST_DATABASE_URL is not set, and --require-server was given.')
  process.exit(1)
}
const engines = [embeddedDatabase, ...(serverUrl ? [() => serverDatabase(serverUrl)] : [])]
try {
  for (const open of engines) {
    const database = await open()
    try {
      await checkDrift(database, (line) => console.log(`${database.engine}: ${line}`))
    } finally {
      await database.drop()
    }
  }
  if (!serverUrl) console.log('server: not checked; set FUNES_TEST_DATABASE_URL to check it too')
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
