import type { Command, OptionSpec, OptionSpecs } from '../command/command.js'
import { CONNECTION, GENERAL, VECTORS } from '../command/general.js'

/** A word that may come first or second, and what it stands for. */
export interface Word {
  readonly word: string
  readonly about: string
}

/** Every option of a command, by its long name. */
export function optionsOf(command: Command): [name: string, spec: OptionSpec][] {
  return Object.entries<OptionSpec>({ ...command.options, ...GENERAL })
}

/** The words that may follow `group`, or stand first where there is none. */
export function wordsAfter(commands: readonly Command[], group?: string): Word[] {
  if (group !== undefined) {
    return commands
      .filter(({ name }) => name.startsWith(`${group} `))
      .map(({ name, summary }) => ({ word: name.slice(group.length + 1), about: summary }))
  }
  const words = new Map<string, string>()
  for (const { name, summary } of commands) {
    const [first = '', second] = name.split(' ')
    if (second === undefined) words.set(first, summary)
    else words.set(first, [words.get(first), second].filter(Boolean).join(', '))
  }
  return [...words].map(([word, about]) => ({ word, about }))
}

/** First words that a second one follows. */
export function groupsOf(commands: readonly Command[]): string[] {
  const firsts = commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0] as string] : []))
  return [...new Set(firsts)]
}

/** Options with a value that any command takes: what follows them is no command. */
export function valueOptions(commands: readonly Command[]): string[] {
  const all: OptionSpecs[] = [CONNECTION, VECTORS, ...commands.map(({ options }) => options)]
  const names = all.flatMap((options) =>
    Object.entries(options).flatMap(([name, { type, short }]) =>
      type === 'flag' ? [] : [`--${name}`, ...(short === undefined ? [] : [`-${short}`])],
    ),
  )
  return [...new Set(names)].sort()
}
