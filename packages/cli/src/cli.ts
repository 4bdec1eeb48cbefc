#!/usr/bin/env node
import { EXIT } from './exit-codes.js'
import { listenForInterruption } from './interruption.js'
import { main } from './main.js'

let isAnswered = false
const interruption = listenForInterruption()

// A reader that has seen enough, as `head`, closes the pipe: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  isAnswered = true
  process.exit(0)
})

// Where nothing is left to wait for and there is no answer all the same, Node would end without a word.
process.exitCode = EXIT.failed
process.once('exit', () => {
  if (!isAnswered) process.stderr.write('error: funes ended before it was done; this is a fault of Funes.\n')
})
process.exitCode = await main(process.argv.slice(2), process, interruption)
isAnswered = true
// What was under way when it was interrupted may hold the process open.
if (interruption.exitCode !== undefined) process.exit()
