import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * The path of the schema engine's executable, for PRISMA_SCHEMA_ENGINE_BINARY.
 *
 * @throws when the package has not been built
 */
export function schemaEnginePath(): string {
  const path = fileURLToPath(new URL('./cli.js', import.meta.url))
  if (!existsSync(path)) throw new Error('@funes/prisma-engine is not built. Run: npm run build')
  return path
}
