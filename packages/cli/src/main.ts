import type { Call, Command, OptionSpecs, Outcome } from './command/command.js'
import { commandData, commandHelp, overview, overviewData } from './command/help.js'
import { nearest } from './command/nearest.js'
import { parseCall, splitCommand } from './command/parse.js'
import { COMMANDS } from './commands/index.js'
import { EXIT } from './exit-codes.js'
import { usageError } from './fault.js'
import { type Interruption, orInterrupted } from './interruption.js'
import { toJson } from './json.js'
import { createRedact } from './redact.js'
import { report } from './report.js'
import { createScreen, type Screen } from './screen/screen.js'
import { createSession, type Io } from './session.js'
import { version } from './version.js'

/** How long a command may take to stop by itself. */
const GRACE_MS = 3000

const isGroup = (word: string) => COMMANDS.some(({ name }) => name.startsWith(`${word} `))

/** @throws `CLI.USAGE` with the name that was probably meant */
function findCommand(words: readonly string[]): Command {
  const name = words.join(' ')
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command !== undefined) return command
  const near = nearest(
    name,
    COMMANDS.map((candidate) => candidate.name),
  )
  const group = words[0] !== undefined && isGroup(words[0]) ? `${words[0]} ` : ''
  throw usageError(
    words.length === 0 ? 'Which command?' : 'There is no such command.',
    near === undefined ? `See \`funes ${group}--help\`.` : `Did you mean \`funes ${near}\`?`,
  )
}

/** What there is to say of all commands, or of those of a group. */
function helpOf(group: string | undefined, screen: Screen): Outcome {
  return {
    data: overviewData(COMMANDS, group),
    show: () => [overview(COMMANDS, group, screen.textWidth)],
  }
}

/** Answers what needs no command to run: help and the version. Undefined when there is one to run. */
function answerDirectly(
  words: readonly string[],
  rest: readonly string[],
  screen: Screen,
): Outcome | undefined {
  const [first] = words
  const asksHelp = rest.includes('--help') || rest.includes('-h')
  if (first === undefined && (rest.includes('--version') || rest.includes('-v')))
    return { data: { version: version() }, show: () => [version()] }
  // A script whose command came out empty must hear of it.
  if (first === undefined && rest.length === 0) return { ...helpOf(undefined, screen), exitCode: EXIT.usage }
  if (first === undefined) return asksHelp ? helpOf(undefined, screen) : undefined
  return words.length === 1 && isGroup(first) && asksHelp ? helpOf(first, screen) : undefined
}

function present(outcome: Outcome | undefined, screen: Screen, asJson: boolean): number {
  if (outcome === undefined) return EXIT.ok
  if (asJson) screen.print(toJson(outcome.data, screen.width))
  else for (const line of outcome.show(screen.width)) screen.print(line)
  return outcome.exitCode ?? EXIT.ok
}

function redactFor(args: readonly string[], env: NodeJS.ProcessEnv) {
  const inline = args.filter((arg) => arg.includes('://'))
  const urls = [env.FUNES_DATABASE_URL, env.DATABASE_URL, ...inline]
  return createRedact({ urls, passwords: [env.PGPASSWORD] })
}

/** Runs one command line. Answers with the exit code; never throws. */
export async function main(args: readonly string[], io: Io, interruption: Interruption): Promise<number> {
  const redact = redactFor(args, io.env)
  const asJson = args.includes('--json')
  const screen = createScreen(io, redact, asJson)
  const session = createSession(io, screen, redact, interruption)
  const finish = (outcome: Outcome | undefined) => {
    interruption.end()
    screen.sayHeld()
    return present(outcome, screen, asJson)
  }
  try {
    // `funes help search` is `funes search --help`.
    const asked = args[0] === 'help' ? [...args.slice(1), '--help'] : args
    const { words, rest } = splitCommand(asked, isGroup)
    const answer = answerDirectly(words, rest, screen)
    if (answer !== undefined) return finish(answer)
    const command = findCommand(words)
    const call = parseCall(command, rest, io.env)
    if (call.values.help) {
      const show = () => [commandHelp(command, screen.textWidth)]
      return finish({ data: commandData(command), show })
    }
    const outcome = await orInterrupted(runIn(command, call, session), interruption.signal, GRACE_MS)
    // Before the result: with it, everything is done.
    await session.close()
    return finish(outcome)
  } catch (error) {
    await session.close().catch(() => {})
    if (interruption.exitCode === undefined) return report(error, screen, asJson)
    screen.say(
      interruption.exitCode === EXIT.brokenPipe
        ? 'Whoever was to read stdout has gone away before all was written.'
        : 'Interrupted.',
    )
    screen.sayHeld()
    return interruption.exitCode
  }
}

/** Also what a command throws before its first `await` is a rejection. */
async function runIn(
  command: Command,
  call: Call<OptionSpecs>,
  session: ReturnType<typeof createSession>,
): Promise<Outcome | undefined> {
  return command.run(call, session)
}
