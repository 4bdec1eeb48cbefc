import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'
import type { AdapterFactory } from './adapter-factory.js'

/** The WebAssembly engine: its methods, by the names the CLI calls them. */
export type SchemaEngine = Record<string, ((params: unknown) => unknown) | undefined>

/** A schema file: its path and its content. */
export type SchemaFile = readonly [path: string, content: string]

const require = createRequire(import.meta.url)
let instantiated: Promise<void> | undefined
let panic: string | undefined

/** The text of a panic in the engine, if there was one. After it no engine of this process can be used. */
export function panicText(): string | undefined {
  return panic
}

/** The package's own entry imports the .wasm as a module, which Node does not do yet: so by hand. */
async function instantiate(): Promise<void> {
  // The engine calls this just before it dies; the exception that follows says "unreachable".
  const registry = {
    set_message: (text: string) => {
      panic = text
    },
  }
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: registry })
  const bytes = readFileSync(
    join(dirname(require.resolve('@prisma/schema-engine-wasm')), 'schema_engine_bg.wasm'),
  )
  const imports = { './schema_engine_bg.js': glue as unknown as WebAssembly.ModuleImports }
  const { instance } = await WebAssembly.instantiate(bytes, imports)
  glue.__wbg_set_wasm(instance.exports)
  const start = instance.exports.__wbindgen_start as () => void
  start()
}

/** The commit of prisma-engines that the engine was built from, which ends the package's version. */
export function engineCommit(): string {
  const path = join(dirname(require.resolve('@prisma/schema-engine-wasm')), 'package.json')
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return version.split('.').at(-1) ?? version
}

/** Makes an engine, which connects to the factory's database at once. */
export async function createSchemaEngine(
  files: readonly SchemaFile[],
  factory: AdapterFactory,
): Promise<SchemaEngine> {
  instantiated ??= instantiate()
  await instantiated
  const datamodels =
    files.length > 0 ? files.map(([path, content]): [string, string] => [path, content]) : undefined
  const engine = await glue.SchemaEngine.new(
    { datamodels },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  )
  return engine as unknown as SchemaEngine
}
