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
A failure with \`--json\` is one line of JSON on stderr: \`{"error": {"code", "message", "fix", "exitCode"}}\`, with \`meta\` and \`notes\` where there is more
to say, with the codes of [errors.md](errors.md) and those of the program itself, which begin with \`CLI.\`. \`--help\` and \`--version\` take \`--json\` too.

Under row-level security the commands mean the rows of all users, which takes the url of the role that owns the tables: they open their connections with
\`options=-c funes.scope=all-users\` by themselves. To any other role rows are hidden, and that is said (\`CLI.ROWS_HIDDEN\`) instead of counting none; \`search --user\` and
\`add --user\` then work in the scope of that user.

\`\`\`text
${overview(commands, undefined, WIDTH)}
\`\`\`

## An example of everything

\`\`\`sh
${commands.map(examples).join('\n\n')}
\`\`\`
`
}
