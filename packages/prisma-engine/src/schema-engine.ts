import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'
import type { AdapterFactory } from './adapter-factory.js'

/** The WebAssembly engine, each of its methods by the name the CLI calls. */
export type SchemaEngine = Record<string, ((params: unknown) => unknown) | undefined>

/** The text of the last panic inside the engine, which its exception does not carry. */
export const panic: { message: string | undefined } = { message: undefined }

let instantiated: Promise<void> | undefined

/** The package's own entry imports the .wasm as a module, which Node does not do: so by hand. */
async function instantiate(): Promise<void> {
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: {
      set_message: (message: string) => {
        panic.message = message
      },
    },
  })
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const bytes = readFileSync(join(dirname(entry), 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': glue as unknown as WebAssembly.ModuleImports })
  glue.__wbg_set_wasm(instance.exports)
  const start = instance.exports.__wbindgen_start as () => void
  start()
}

/** Makes an engine for the schema files at `schemaPaths`. */
export async function createSchemaEngine(schemaPaths: readonly string[], factory: AdapterFactory): Promise<SchemaEngine> {
  instantiated ??= instantiate()
  await instantiated
  const datamodels = schemaPaths.map((path): [string, string] => [path, readFileSync(path, 'utf8')])
  const engine = await glue.SchemaEngine.new(
    { datamodels: datamodels.length > 0 ? datamodels : undefined },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  )
  return engine as unknown as SchemaEngine
}
