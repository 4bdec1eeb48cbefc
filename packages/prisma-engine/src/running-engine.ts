import { readFileSync } from 'node:fs'
import { type AdapterFactory, createAdapterFactory } from './adapter-factory.js'
import type { Arguments } from './arguments.js'
import { migrationError } from './migration-error.js'
import { readNamespaces } from './namespaces.js'
import { createSchemaEngine, type SchemaEngine, type SchemaFile } from './schema-engine.js'
import { readTarget } from './target.js'

/** An engine and the database it works on. */
export interface RunningEngine {
  call(method: string, params: unknown): Promise<unknown>
  close(): Promise<void>
}

const NO_URL = 'The datasource.url property is required in your Prisma config file.'
/** What the engine says when it would want a shadow database and has only its cache to ask. */
const COLD_CACHE = /must be provided through an external factory/

/** Starts an engine on the database at `url`; on none, for what only compares files, when it is null. */
export function startEngine(args: Arguments, url: string | undefined | null): RunningEngine {
  let factory: AdapterFactory | undefined
  let engine: Promise<SchemaEngine> | undefined

  function start(): Promise<SchemaEngine> {
    if (url === undefined) throw new Error(NO_URL)
    const files = args.schemaPaths.map((path): SchemaFile => [path, readFileSync(path, 'utf8')])
    factory ??= createAdapterFactory({
      target: url === null ? undefined : readTarget(url),
      url: url ?? undefined,
      shadowUrl: args.shadowUrl,
      namespaces: readNamespaces(files.map(([, content]) => content)),
    })
    return createSchemaEngine(files, factory)
  }

  async function invoke(method: string, params: unknown): Promise<unknown> {
    engine ??= start().catch(async (error: unknown) => {
      engine = undefined
      // What it has opened would be in the way of the next attempt.
      await factory?.close()
      throw error
    })
    const running = await engine
    // Called on the engine itself: its methods need their `this`.
    if (typeof running[method] !== 'function') throw new Error(`Method not found: ${method}`)
    return running[method](params)
  }

  /** These two take the schema of the migrations from a cache, which only a diagnosis fills. */
  async function invokeWarm(method: string, params: unknown): Promise<unknown> {
    try {
      return await invoke(method, params)
    } catch (error) {
      if (!COLD_CACHE.test((error as Error).message)) throw error
    }
    const { migrationsList, filters } = params as { migrationsList: unknown; filters: unknown }
    await invoke('diagnoseMigrationHistory', { migrationsList, filters, optInToShadowDatabase: true })
    return invoke(method, params)
  }

  return {
    async call(method, params) {
      factory?.takeFailure()
      try {
        const warm = method === 'evaluateDataLoss' || method === 'createMigration'
        return await (warm ? invokeWarm(method, params) : invoke(method, params))
      } catch (error) {
        const failure = factory?.takeFailure()
        if (failure?.connection !== undefined) throw failure.connection
        // A script of `db execute` is no migration, and PostgreSQL's own words are all there is to say.
        if (failure?.script === undefined || method === 'dbExecute') throw error
        throw migrationError(error as Error, failure.script, params)
      }
    },
    close: async () => factory?.close(),
  }
}
