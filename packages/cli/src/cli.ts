#!/usr/bin/env node
import { EXIT } from './exit-codes.js'
import { listenForInterruption } from './interruption.js'
import { main } from './main.js'

let isAnswered = false
let isPipeBroken = false
const interruption = listenForInterruption()
const args = process.argv.slice(2)

// A reader that goes away while there is work to do breaks it off, as whatever is written then is not complete. One that has seen
// enough of what is shown at the end, as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  isPipeBroken = true
  if (!interruption.isOver) interruption.interrupt('SIGPIPE')
})

// Where nothing is left to wait for and there is no answer all the same, Node would end without a word.
process.exitCode = EXIT.failed
process.once('exit', () => {
  if (!isAnswered) process.stderr.write('error: funes ended before it was done; this is a fault of Funes.\n')
  // Half of a document is of no use to a program.
  if (isPipeBroken && args.includes('--json')) process.exitCode ||= EXIT.brokenPipe
})
process.exitCode = await main(args, process, interruption)
isAnswered = true
// What was under way when it was interrupted may hold the process open.
if (interruption.exitCode !== undefined) process.exit()
