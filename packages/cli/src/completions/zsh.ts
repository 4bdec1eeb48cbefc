import type { Command, Operand, OptionSpec } from '../command/command.js'
import { groupsOf, optionsOf, type Word, wordsAfter } from './words.js'

/** Text inside single quotes, free of what _arguments and _describe read as their own. */
function quoted(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', '\\:')
}

function action({ choices, path }: Pick<OptionSpec & Operand, 'choices' | 'path'>): string {
  if (choices !== undefined) return `(${choices.join(' ')})`
  return path === undefined ? ' ' : path === 'folder' ? '_files -/' : '_files'
}

function optionSpec([name, spec]: [string, OptionSpec]): string[] {
  const { short, type, value, about, many } = spec
  const end = `[${quoted(about)}]${type === 'flag' ? '' : `:${quoted(value ?? type)}:${action(spec)}`}`
  const star = many ? '*' : ''
  return [`'${star}--${name}${end}'`, ...(short === undefined ? [] : [`'${star}-${short}${end}'`])]
}

function operandSpec(operand: Operand): string {
  return `'${operand.many ? '*' : ''}:${quoted(operand.name)}:${action(operand)}'`
}

function branch(command: Command): string {
  const specs = [...optionsOf(command).flatMap(optionSpec), ...command.operands.map(operandSpec)]
  return `    '${command.name}')
      _arguments -s \\
        ${specs.join(' \\\n        ')} ;;`
}

const described = (words: readonly Word[]) =>
  words.map(({ word, about }) => `'${word}:${quoted(about)}'`).join(' ')

/** A script for zsh, to be sourced after compinit or put into the fpath as _funes. */
export function zshCompletions(commands: readonly Command[]): string {
  const groups = groupsOf(commands)
  const groupBranches = groups.map(
    (group) =>
      `    '${group}') words_of=(${described(wordsAfter(commands, group))}); _describe command words_of ;;`,
  )
  return `#compdef funes
# zsh completions of funes: source <(funes completions zsh), after compinit.
_funes() {
  local command='' taken=1
  local -a words_of
  if ((CURRENT > 2)); then
    command="$words[2]" taken=2
    case "$command" in
      ${groups.join('|')}) if ((CURRENT > 3)); then command="$command $words[3]" taken=3; fi ;;
    esac
    # What follows is completed as if the command were the program.
    words=("$command" "\${(@)words[taken+1,-1]}")
    ((CURRENT -= taken - 1))
  fi
  case "$command" in
    '') words_of=(${described(wordsAfter(commands))} 'help:what a command does'); _describe command words_of ;;
    help) words_of=(${described(wordsAfter(commands))}); _describe command words_of ;;
${groupBranches.join('\n')}
${commands.map(branch).join('\n')}
  esac
}
if [[ $funcstack[1] == _funes ]]; then _funes "$@"; else compdef _funes funes; fi
`
}
