import { parseCommandLine, USAGE } from './arguments.js'
import { aimsCommand } from './commands/aims.js'
import { compareCommand } from './commands/compare.js'
import { gateCommand } from './commands/gate.js'
import { markdownCommand } from './commands/markdown.js'
import { reportCommand } from './commands/report.js'
import { retrievalCommand } from './commands/retrieval.js'
import { runCommand } from './commands/run.js'
import { toolSelectionCommand } from './commands/tool-selection.js'

const commands = {
  run: runCommand,
  compare: compareCommand,
  report: reportCommand,
  gate: gateCommand,
  markdown: markdownCommand,
  aims: aimsCommand,
  retrieval: retrievalCommand,
  'tool-selection': toolSelectionCommand,
}

try {
  const { command, options, files } = parseCommandLine(process.argv.slice(2))
  if (options.help) console.log(USAGE)
  else process.exitCode = await commands[command](options, files)
} catch (error) {
  // A mistake on the command line is told in one line; anything else with its trace.
  const isMistake =
    error instanceof RangeError ||
    /^(ERR_PARSE_ARGS|FILE\.|ENOENT|ENOTDIR|EISDIR|EEXIST|EACCES)/.test(
      String((error as { code?: unknown }).code),
    )
  console.error(isMistake ? (error as Error).message : error)
  process.exitCode = 1
}
