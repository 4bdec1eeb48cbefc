import type { Command } from './command.js'
import { overview } from './help.js'

const WIDTH = 110

function examples({ examples }: Command): string {
  return examples.map(({ line, about }) => `# ${about}\n${line}`).join('\n')
}

/** `docs/cli.md`: what the program says of itself, an example of everything. */
export function commandLinePage(commands: readonly Command[]): string {
  return `# The command line

<!-- Generated from the commands themselves by packages/cli/scripts/cli-doc.mjs: change them, not this page. -->

\`npm install --save-dev @funes/cli\` gives \`npx funes\`. Results go to stdout, messages to stderr; passwords are left out of both.
A failure with \`--json\` is one line of JSON on stderr: \`{"error": {"code", "message", "fix", "exitCode"}}\`, with the codes of
[errors.md](errors.md) and those of the program itself, which begin with \`CLI.\`.

\`\`\`text
${overview(commands, undefined, WIDTH)}
\`\`\`

## An example of everything

\`\`\`sh
${commands.map(examples).join('\n\n')}
\`\`\`
`
}
