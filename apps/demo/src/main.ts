#!/usr/bin/env node
import { isFunesError } from '@funes/db'
import { readArguments, USAGE } from './arguments.js'
import { runDemo } from './demo.js'
import { createScreen } from './screen.js'

const interruption = new AbortController()
// Once: the first Ctrl-C stops cleanly, a second one at once.
process.once('SIGINT', () => interruption.abort())

// A reader that has seen enough, as `head`, closes the pipe: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

try {
  const args = readArguments(process.argv.slice(2))
  if (args.help) console.log(USAGE)
  else await runDemo(args, createScreen(process.stdout, process.env), process.env, interruption.signal)
} catch (error) {
  if (interruption.signal.aborted) {
    console.error('Stopped. What was loaded is kept: the next run goes on from there.')
    process.exitCode = 130
  } else if (isFunesError(error)) {
    console.error(`${error.code}: ${error.message}\n${error.fix}`)
    process.exitCode = 1
  } else if (error instanceof TypeError && 'code' in error) {
    console.error(`${error.message}\n\n${USAGE}`)
    process.exitCode = 2
  } else {
    console.error(error)
    process.exitCode = 1
  }
}
