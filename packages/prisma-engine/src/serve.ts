import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { type AdapterFactory, createAdapterFactory } from './adapter-factory.js'
import type { Arguments } from './arguments.js'
import { connectionError } from './connection-error.js'
import { createDatabase } from './databases.js'
import { migrationError } from './migration-error.js'
import { errorBody, type Request } from './protocol.js'
import { createSchemaEngine, type SchemaEngine } from './schema-engine.js'
import { readTarget, type Target } from './target.js'

/** Methods that replay the migrations into a shadow database. */
const NEEDS_SHADOW = new Set(['evaluateDataLoss', 'createMigration'])

/**
 * These methods fail on an engine that has just applied migrations, or that has not opened a shadow database yet ("must
 * be provided through an external factory", 7.10.0). A diagnosis of the history makes it open one.
 */
async function openShadow(engine: SchemaEngine, params: unknown): Promise<void> {
  const { migrationsList, filters } = params as { migrationsList: unknown; filters: unknown }
  await engine.diagnoseMigrationHistory?.({ migrationsList, filters, optInToShadowDatabase: true })
}

/** Answers the CLI's requests, one after the other, until its stream ends. */
export async function serve(args: Arguments, input: Readable, output: Writable): Promise<AdapterFactory> {
  const target = args.url === undefined ? undefined : readTarget(args.url)
  const factory = createAdapterFactory(target, args.shadowUrl)
  let engine: Promise<SchemaEngine> | undefined
  let shadowKnown = false
  const write = (message: object) => output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

  async function call(method: string, params: unknown): Promise<unknown> {
    if (method === 'createDatabase') return { databaseName: await made(target) }
    engine ??= createSchemaEngine(args.schemaPaths, factory).catch((error: unknown) => {
      engine = undefined
      throw unreachable(error, target)
    })
    const name = method === 'getDatabaseVersion' ? 'version' : method
    const running = await engine
    if (typeof running[name] !== 'function') throw new Error(`The schema engine has no method "${method}".`)
    if (NEEDS_SHADOW.has(name) && !shadowKnown) await openShadow(running, params)
    const result = await running[name](params)
    shadowKnown = name !== 'applyMigrations'
    return result
  }

  async function answer({ id, method, params }: Request): Promise<void> {
    try {
      const result = await call(method, params)
      // The native engine prints a diff itself; this one returns it.
      const stdout = method === 'diff' ? (result as { stdout?: string | null })?.stdout : undefined
      if (stdout) write({ id, method: 'print', params: { content: stdout } })
      write({ id, result: result ?? {} })
    } catch (error) {
      const failure = factory.takeFailure()
      write({ id, error: errorBody(failure === undefined ? error : migrationError(failure, params)) })
    }
  }

  ;(async () => {
    for await (const line of createInterface({ input })) {
      const request = JSON.parse(line) as Request
      // The CLI acknowledges what was printed; there is nothing to answer to that.
      if (typeof request.method === 'string') await answer(request)
    }
    await factory.close()
    process.exit(0)
  })()
  return factory
}

async function made(target: Target | undefined): Promise<string> {
  if (target?.kind !== 'server') return 'embedded'
  const error = await createDatabase(target)
  if (error !== undefined && error.code !== 'P1009') throw error
  return target.config.database ?? ''
}

/** A connection's failure under Prisma's code; whatever else went wrong stays as it is. */
function unreachable(error: unknown, target: Target | undefined): unknown {
  const code = (error as { code?: unknown }).code
  if (target?.kind !== 'server' || typeof code !== 'string' || /^P\d{4}$/.test(code)) return error
  return connectionError(error, target.config)
}
