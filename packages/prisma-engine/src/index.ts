import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * The path of the executable, for the environment variable PRISMA_SCHEMA_ENGINE_BINARY.
 *
 * @throws when the package is not built
 * @example
 * // prisma.config.ts
 * process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= schemaEnginePath()
 */
export function schemaEnginePath(): string {
  const path = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
  if (!existsSync(path)) throw new Error('@funes/prisma-engine is not built: run `npm run build`.')
  return path
}
