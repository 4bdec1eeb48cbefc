import type { Command, Operand, OptionSpec } from '../command/command.js'
import { groupsOf, optionsOf, valueOptions, wordsAfter } from './words.js'

/** How the value of an option or an operand is completed; nothing where only its writer knows it. */
function values({ choices, path }: Pick<OptionSpec & Operand, 'choices' | 'path'>): string | undefined {
  if (choices !== undefined) return `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur"))`
  if (path === undefined) return undefined
  return `compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -${path === 'folder' ? 'd' : 'f'} -- "$cur"))`
}

function forms([name, { short }]: [string, OptionSpec]): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
}

function branch(command: Command): string {
  const options = optionsOf(command)
  const completed = options
    .filter(([, { type }]) => type !== 'flag')
    .map((option) => `        ${forms(option).join('|')}) ${values(option[1]) ?? ':'}; return ;;`)
  const words = options.flatMap(forms).join(' ')
  const operand = command.operands.map(values).find((value) => value !== undefined)
  return `    '${command.name}')
      case "$prev" in
${completed.join('\n')}
        *) ;;
      esac
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${words}' -- "$cur"))
      else ${operand ?? ':'}; fi ;;`
}

/** A script for bash 3.2 and newer, to be sourced. */
export function bashCompletions(commands: readonly Command[]): string {
  const groups = groupsOf(commands)
  const list = (group?: string) =>
    wordsAfter(commands, group)
      .map(({ word }) => word)
      .join(' ')
  const groupBranches = groups.map(
    (group) => `    '${group}') COMPREPLY=($(compgen -W '${list(group)} --help' -- "$cur")) ;;`,
  )
  return `# bash completions of funes: source <(funes completions bash)
_funes() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command='' word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      ${valueOptions(commands).join('|')}) ((i++)) ;;
      -*) ;;
      *)
        case "$command" in
          '') command="$word" ;;
          ${groups.join('|')}) command="$command $word" ;;
        esac ;;
    esac
  done
  case "$command" in
    '') COMPREPLY=($(compgen -W '${list()} help --help --version' -- "$cur")) ;;
    help) COMPREPLY=($(compgen -W '${list()}' -- "$cur")) ;;
${groupBranches.join('\n')}
${commands.map(branch).join('\n')}
  esac
}
complete -F _funes funes
`
}
