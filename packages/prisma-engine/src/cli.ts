#!/usr/bin/env node
import type { AdapterFactory } from './adapter-factory.js'
import { readArguments } from './arguments.js'
import type { KnownError } from './connection-error.js'
import { canConnect, createDatabase, dropDatabase } from './databases.js'
import { logLine } from './protocol.js'
import { serve } from './serve.js'
import { readTarget, type Target } from './target.js'

/** What a native engine exits with when it is ended by a signal (128 + its number). */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

const DATABASE_COMMANDS: Record<string, (target: Target) => Promise<KnownError | undefined>> = {
  'can-connect-to-database': canConnect,
  'create-database': createDatabase,
  'drop-database': dropDatabase,
}

let factory: AdapterFactory | undefined
for (const [signal, status] of Object.entries(SIGNALS)) {
  process.on(signal, () => {
    // Shadow databases and the embedded directory's lock go before the process does.
    Promise.resolve(factory?.close()).finally(() => process.exit(status))
  })
}

const args = readArguments(process.argv.slice(2))
const command = DATABASE_COMMANDS[args.command]
if (args.command === 'version') {
  console.log('schema-engine-wasm')
} else if (command !== undefined) {
  const error = await command(readTarget(args.url ?? 'postgresql://embedded/'))
  // The CLI skips the first line of the log and reads the others as JSON.
  console.error('schema engine')
  console.error(error === undefined ? logLine('done', undefined) : logLine(error.message, error.code))
  process.exitCode = error === undefined ? 0 : 1
} else {
  factory = await serve(args, process.stdin, process.stdout)
}
