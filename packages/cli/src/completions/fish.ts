import type { Command, OptionSpec } from '../command/command.js'
import { groupsOf, optionsOf, valueOptions, type Word, wordsAfter } from './words.js'

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const at = (command: string) => `-n ${quoted(`__funes_at ${quoted(command)}`)}`

function words(command: string, after: readonly Word[]): string[] {
  return after.map(({ word, about }) => `complete -c funes -f ${at(command)} -a ${word} -d ${quoted(about)}`)
}

function optionLine(command: string, [name, spec]: [string, OptionSpec]): string {
  const { short, type, choices, path, about } = spec
  const kind = type === 'flag' ? '-f' : path === undefined ? '-x' : '-rF'
  return [
    `complete -c funes ${kind} ${at(command)} -l ${name}`,
    ...(short === undefined ? [] : [`-s ${short}`]),
    ...(choices === undefined ? [] : [`-a ${quoted(choices.join(' '))}`]),
    `-d ${quoted(about)}`,
  ].join(' ')
}

function commandLines(command: Command): string[] {
  const { name, operands } = command
  const choices = operands.find((operand) => operand.choices !== undefined)?.choices
  const path = operands.some((operand) => operand.path !== undefined)
  return [
    ...(path ? [] : [`complete -c funes -f ${at(name)}`]),
    ...(choices === undefined ? [] : [`complete -c funes -f ${at(name)} -a ${quoted(choices.join(' '))}`]),
    ...optionsOf(command).map((option) => optionLine(name, option)),
  ]
}

/** A script for fish 3 and newer. */
export function fishCompletions(commands: readonly Command[]): string {
  const groups = groupsOf(commands)
  return `# fish completions of funes: funes completions fish > ~/.config/fish/completions/funes.fish
function __funes_at -a wanted
  set -l words
  set -l skip no
  for word in (commandline -opc)[2..-1]
    if test $skip = yes
      set skip no
      continue
    end
    switch $word
      case ${valueOptions(commands).join(' ')}
        set skip yes
      case '-*'
      case '*'
        set -a words $word
    end
  end
  set -l taken 1
  if contains -- "$words[1]" ${groups.join(' ')}
    set taken 2
  end
  test "$words[1..$taken]" = "$wanted"
end
${[
  ...words('', wordsAfter(commands)),
  ...words('help', wordsAfter(commands)),
  ...groups.flatMap((group) => words(group, wordsAfter(commands, group))),
  ...commands.flatMap(commandLines),
].join('\n')}
`
}
