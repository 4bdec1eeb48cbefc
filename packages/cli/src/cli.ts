#!/usr/bin/env node
import { EXIT } from './exit-codes.js'
import { cliError } from './fault.js'
import { listenForInterruption } from './interruption.js'
import { main } from './main.js'
import { createRedact } from './redact.js'
import { report } from './report.js'
import { createScreen } from './screen/screen.js'

let isAnswered = false
let isPipeBroken = false
let outputError: NodeJS.ErrnoException | undefined
const interruption = listenForInterruption()
const args = process.argv.slice(2)

/** The disk that stdout goes to may be full. */
function tellOfOutput(error: NodeJS.ErrnoException): void {
  const asJson = args.includes('--json')
  const screen = createScreen(process, createRedact({ urls: [], passwords: [] }), asJson)
  const message = `What there is to print could not be written (${error.code ?? error.message}).`
  process.exitCode = report(
    cliError('CLI.OUTPUT_FAILED', message, 'Make room, or send it elsewhere.', error),
    screen,
    asJson,
  )
}

// A reader that goes away while there is work to do breaks it off, as whatever is written then is not complete. One that has seen
// enough of what is shown at the end, as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') {
    outputError ??= error
    if (isAnswered) tellOfOutput(error)
    return
  }
  isPipeBroken = true
  if (!interruption.isOver) interruption.interrupt('SIGPIPE')
})

// There is nobody left to tell; the exit code still does.
process.stderr.on('error', () => {})

// Where nothing is left to wait for and there is no answer all the same, Node would end without a word.
process.exitCode = EXIT.failed
process.once('exit', () => {
  if (!isAnswered) process.stderr.write('error: funes ended before it was done; this is a fault of Funes.\n')
  // Half of a document is of no use to a program.
  if (isPipeBroken && args.includes('--json')) process.exitCode ||= EXIT.brokenPipe
})
process.exitCode = await main(args, process, interruption)
isAnswered = true
// Unless that is what it has said already.
if (outputError !== undefined && process.exitCode === EXIT.ok) tellOfOutput(outputError)
// What was under way when it was interrupted may hold the process open.
if (interruption.exitCode !== undefined) process.exit()
