import { type Command, defineCommand } from '../command/command.js'
import { bashCompletions } from '../completions/bash.js'
import { fishCompletions } from '../completions/fish.js'
import { zshCompletions } from '../completions/zsh.js'

const SHELLS = { bash: bashCompletions, zsh: zshCompletions, fish: fishCompletions }

/** @param commands all there are, this one among them */
export function createCompletions(commands: () => readonly Command[]): Command {
  return defineCommand({
    name: 'completions',
    summary: 'a script that has a shell complete commands, options and their values',
    operands: [{ name: 'shell', about: 'which one', required: true, choices: Object.keys(SHELLS) }],
    options: {},
    examples: [
      { line: "echo 'source <(funes completions bash)' >> ~/.bashrc", about: 'bash, for good' },
      { line: "echo 'source <(funes completions zsh)' >> ~/.zshrc", about: 'zsh, after its compinit' },
      { line: 'funes completions fish > ~/.config/fish/completions/funes.fish', about: 'fish' },
    ],
    async run({ operands: [shell] }) {
      const script = SHELLS[shell as keyof typeof SHELLS](commands())
      return { data: { shell, script }, show: () => [script.trimEnd()] }
    },
  })
}
