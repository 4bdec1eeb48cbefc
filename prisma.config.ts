import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defineConfig } from 'prisma/config'

const root = import.meta.dirname
const { env } = process

// The CLI's own engine is a download from a host that is not npm; this one comes with the packages. Whoever has set
// the variable keeps their engine, and Windows, which starts no scripts, the CLI's own.
if (env.PRISMA_SCHEMA_ENGINE_BINARY === undefined && process.platform !== 'win32') {
  const engine = join(root, 'packages/prisma-engine/dist/cli.js')
  if (!existsSync(engine)) throw new Error('The schema engine is not built yet. Run: npm run build')
  env.PRISMA_SCHEMA_ENGINE_BINARY = engine
}
// No telemetry and no look for a newer version: the CLI has nothing to ask of the network.
env.CHECKPOINT_DISABLE ??= '1'
env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1'
// One directory wherever the CLI is started. A relative one is the caller's: the engine runs in this folder.
env.FUNES_DATA_DIR = env.FUNES_DATA_DIR ? resolve(env.FUNES_DATA_DIR) : join(root, '.funes')

export default defineConfig({
  schema: join(root, 'prisma/schema.prisma'),
  migrations: { path: join(root, 'prisma/migrations') },
  datasource: {
    url: env.FUNES_DATABASE_URL || env.DATABASE_URL || 'postgresql://embedded/funes',
    ...(env.SHADOW_DATABASE_URL && { shadowDatabaseUrl: env.SHADOW_DATABASE_URL }),
  },
})
