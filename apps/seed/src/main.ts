#!/usr/bin/env node
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isFunesError } from '@funes/db'
import { type Arguments, readArguments, USAGE } from './arguments.js'
import { openDatabase } from './database.js'
import { chooseDataset } from './datasets/choose.js'
import { seed, unseed } from './seed.js'
import { isSeedError } from './seed-error.js'
import type { Report } from './validate/validate.js'

const CACHE = join(fileURLToPath(new URL('../../..', import.meta.url)), '.cache')
const interruption = new AbortController()
// Once: the first Ctrl-C stops between two batches, a second one at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => interruption.abort())

function print({ checks, sizes }: Report): void {
  const width = Math.max(...checks.map(({ name }) => name.length))
  console.log('')
  for (const { name, isRight, detail } of checks) {
    console.log(`${isRight ? 'ok   ' : 'WRONG'}  ${name.padEnd(width)}  ${detail}`)
  }
  for (const size of sizes) console.log(`       ${size}`)
}

async function run(args: Arguments): Promise<void> {
  const { signal } = interruption
  const database = await openDatabase(
    args,
    process.env,
    (pid) => console.error(`Another seed works on this database (server process ${pid}). Waiting for it.`),
    signal,
  )
  try {
    if (args.clean) await unseed(database, process.stdout, signal)
    if (args.cleanOnly) return
    const dataset = await chooseDataset(args, join(CACHE, 'seed'), signal)
    try {
      const report = await seed({
        args,
        database,
        dataset,
        output: process.stdout,
        signal,
        exactDir: join(CACHE, 'exact'),
      })
      print(report)
      if (!report.checks.every(({ isRight }) => isRight)) process.exitCode = 1
    } finally {
      await dataset.close()
    }
  } finally {
    await database.close()
  }
}

function complain(error: unknown): number {
  if (interruption.signal.aborted) {
    console.error('Stopped. What was stored is kept: the same command goes on from there.')
    return 130
  }
  if (isFunesError(error) || isSeedError(error)) console.error(`${error.message}\n${error.fix}`)
  // Errors of files, of the database and of the system have a code: what they say is enough without a stack.
  else if (error instanceof RangeError || (error instanceof Error && 'code' in error))
    console.error(error.message)
  else console.error(error)
  return 1
}

function parse(): Arguments | undefined {
  try {
    return readArguments(process.argv.slice(2))
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exitCode = 2
    return undefined
  }
}

const args = parse()
if (args?.help) console.log(USAGE)
else if (args) {
  await run(args).catch((error) => {
    process.exitCode = complain(error)
  })
}
