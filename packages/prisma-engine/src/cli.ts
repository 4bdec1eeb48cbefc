#!/usr/bin/env node
import { type Arguments, readArguments } from './arguments.js'
import { checkConnection, createDatabase } from './databases.js'
import { isKnownError } from './known-error.js'
import { log } from './log.js'
import { engineCommit } from './schema-engine.js'
import { serve } from './serve.js'
import { stopOnSignals } from './stop.js'
import { readTarget } from './target.js'

// Node writes warnings as plain text, and the CLI reads every line here as JSON.
process.removeAllListeners('warning')
process.on('warning', ({ message }) => log('WARN', { message }))

async function runCommand({ command, url }: Arguments): Promise<string> {
  if (url === undefined)
    throw new Error('The datasource.url property is required in your Prisma config file.')
  const target = readTarget(url)
  if (command === 'create-database') {
    return `Database '${await createDatabase(target)}' was successfully created.`
  }
  await checkConnection(target)
  return 'Connection successful'
}

async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2))
  if (args.command === 'version') {
    process.stdout.write(`schema-engine-cli ${engineCommit()}\n`)
    return
  }
  if (args.command !== 'serve') {
    // The CLI passes over the first line, whatever it says.
    log('INFO', { message: 'Starting schema engine CLI' })
    log('INFO', { message: await runCommand(args) })
    return
  }
  log('INFO', { message: 'Starting schema engine RPC server' })
  const server = serve(args, process.stdin, process.stdout)
  const stop = stopOnSignals(server.close, args.url)
  await server.done
  await stop('The input has ended')
}

try {
  await main()
} catch (error) {
  log('ERROR', {
    is_panic: false,
    error_code: isKnownError(error) ? error.code : '',
    message: error instanceof Error ? error.message : String(error),
  })
  process.exitCode = 1
}
