import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

const root = new URL('.', import.meta.url)
const engine = fileURLToPath(new URL('packages/prisma-engine/dist/cli.js', root))

// The CLI's own engine is a download from a host that is not npm; ours comes with the packages. Whoever has
// set the variable keeps their engine.
if (process.env.PRISMA_SCHEMA_ENGINE_BINARY === undefined) {
  if (!existsSync(engine)) throw new Error('The schema engine is not built yet. Run: npm run setup')
  process.env.PRISMA_SCHEMA_ENGINE_BINARY = engine
}
// No update checks, no telemetry: the CLI has nothing to say to the network.
process.env.CHECKPOINT_DISABLE ??= '1'
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1'
// The embedded database is one directory, wherever the CLI is started from.
process.env.FUNES_DATA_DIR ??= fileURLToPath(new URL('.funes', root))

export default defineConfig({
  schema: fileURLToPath(new URL('prisma/schema.prisma', root)),
  migrations: { path: fileURLToPath(new URL('prisma/migrations', root)) },
  datasource: {
    url: process.env.FUNES_DATABASE_URL || process.env.DATABASE_URL || 'postgresql://embedded/funes',
    ...(process.env.SHADOW_DATABASE_URL && { shadowDatabaseUrl: process.env.SHADOW_DATABASE_URL }),
  },
})
