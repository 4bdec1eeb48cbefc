import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Arguments } from './arguments.js'
import { createDatabase } from './databases.js'
import { errorBody, isPanic, type Message, panicError, readMessage } from './protocol.js'
import { type RunningEngine, startEngine } from './running-engine.js'
import { panicText } from './schema-engine.js'
import { readTarget } from './target.js'

export interface Server {
  /** Fulfilled when the input has ended and every request before that is answered. */
  readonly done: Promise<void>
  /** Ends all sessions, also in the middle of a request. */
  close(): Promise<void>
}

interface UrlParams {
  datasource?: { url?: string }
  datasourceType?: { url?: string }
}

/** The database a request is about: its own, the CLI's, or null when it compares files and needs none. */
function urlOf(method: string, params: unknown, args: Arguments): string | undefined | null {
  if (method === 'diff') {
    const { from, to } = params as { from: { tag: string }; to: { tag: string } }
    return [from.tag, to.tag].includes('schemaDatasource') ? args.url : null
  }
  const { datasource, datasourceType } = (params ?? {}) as UrlParams
  return datasource?.url ?? datasourceType?.url ?? args.url
}

/** Answers the CLI's requests, one after the other. */
export function serve(args: Arguments, input: Readable, output: Writable): Server {
  const engines = new Map<string | undefined | null, RunningEngine>()
  const acknowledged = new Map<Message['id'], () => void>()
  let prints = 0
  let inputEnded = false

  // What dies in the engine while it waits for a query reaches no caller.
  const crashed = new Promise<never>((_, reject) => {
    process.on('uncaughtException', (error) => reject(panicError(panicText() ?? error.message, error)))
  })
  crashed.catch(() => {})

  const send = (message: object) => output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

  function print(content: string): Promise<void> {
    const id = `print-${++prints}`
    const done = new Promise<void>((resolve) => acknowledged.set(id, resolve))
    if (inputEnded) acknowledged.get(id)?.()
    send({ id, method: 'print', params: { content } })
    return done
  }

  async function call(method: string, params: unknown): Promise<unknown> {
    const url = urlOf(method, params, args)
    if (method === 'createDatabase') return { databaseName: await createDatabase(readTarget(url ?? '')) }
    if (method === 'introspectSql')
      throw new Error('TypedSQL is not supported by the WebAssembly schema engine.')
    const engine = engines.get(url) ?? startEngine(args, url)
    engines.set(url, engine)
    const result = await engine.call(method === 'getDatabaseVersion' ? 'version' : method, params)
    if (method !== 'diff') return result ?? {}
    // The native engine has the CLI print a diff, this one returns it.
    const { stdout, ...rest } = result as { stdout?: string | null }
    if (stdout) await print(stdout.replace(/\n$/, ''))
    return { ...rest, stdout: null }
  }

  async function answer({ id, method, params }: Message & { method: string }): Promise<void> {
    try {
      send({ id, result: await Promise.race([crashed, call(method, params)]) })
    } catch (error) {
      const panic = panicText()
      send({ id, error: errorBody(panic === undefined || isPanic(error) ? error : panicError(panic, error)) })
    }
  }

  const done = new Promise<void>((resolve) => {
    let last = Promise.resolve()
    const lines = createInterface({ input })
    lines.on('line', (line) => {
      if (line.trim() === '') return
      const message = readMessage(line)
      if ('code' in message) send({ id: null, error: message })
      else if (message.method === undefined) acknowledged.get(message.id)?.()
      else last = last.then(() => answer({ ...message, method: message.method as string }))
    })
    lines.on('close', () => {
      // Nobody is left to acknowledge anything; what has been asked is still answered.
      for (const acknowledge of acknowledged.values()) acknowledge()
      inputEnded = true
      last.then(resolve)
    })
  })

  return {
    done,
    close: async () => {
      await Promise.allSettled([...engines.values()].map((engine) => engine.close()))
    },
  }
}
