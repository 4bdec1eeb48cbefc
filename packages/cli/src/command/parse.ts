import { parseArgs } from 'node:util'
import { type Fault, usageError } from '../fault.js'
import type { Call, Command, Operand, OptionSpec, OptionSpecs } from './command.js'
import { CONNECTION, GENERAL, VECTORS } from './general.js'
import { nearest } from './nearest.js'
import { readValue } from './value.js'

/** Options that may stand before the command. */
const ANYWHERE: OptionSpecs = { ...GENERAL, ...CONNECTION, ...VECTORS }

/** How many words the options at `args[i]` and its value are; 0 for a word that is no option. */
function optionLength(arg: string): number {
  if (!arg.startsWith('-') || arg === '-') return 0
  const spec = ANYWHERE[arg.slice(2)]
  return spec !== undefined && spec.type !== 'flag' ? 2 : 1
}

/**
 * Which command a command line names: its words, up to two, and the rest. Options that every command knows may stand
 * before it.
 */
export function splitCommand(args: readonly string[], isGroup: (word: string) => boolean) {
  const words: string[] = []
  const rest: string[] = []
  let i = 0
  for (; i < args.length && args[i] !== '--'; i++) {
    const arg = args[i] as string
    const length = optionLength(arg)
    if (length > 0) {
      rest.push(...args.slice(i, i + length))
      i += length - 1
      continue
    }
    words.push(arg)
    if (words.length === 2 || !isGroup(arg)) {
      i++
      break
    }
  }
  return { words, rest: [...rest, ...args.slice(i)] }
}

/** parseArgs says what is wrong in its first sentence, and quotes the argument. */
function readable(error: unknown, command: Command, options: OptionSpecs): Fault {
  const { code, message } = error as NodeJS.ErrnoException
  const [first = message] = message.split(/(?<=\.) |\n/)
  const help = `See \`funes ${command.name} --help\`.`
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const name = /'-{1,2}([^'=]*)/.exec(message)?.[1] ?? ''
    const near = nearest(name, Object.keys(options))
    return usageError(
      `There is no option --${name}.`,
      near === undefined ? help : `Did you mean --${near}? ${help}`,
    )
  }
  return usageError(first, help)
}

function readOperands(command: Command, given: readonly string[]): readonly string[] {
  const { operands } = command
  const help = `See \`funes ${command.name} --help\`.`
  const missing = operands.find(({ required }, i) => required && given[i] === undefined)
  if (missing !== undefined) throw usageError(`<${missing.name}> is missing.`, help)
  if (given.length > operands.length && !operands.at(-1)?.many) {
    throw usageError(`${given.length - operands.length} arguments too many.`, `Quote texts. ${help}`)
  }
  for (const [i, word] of given.entries()) {
    const { name, choices }: Partial<Operand> = operands[i] ?? {}
    if (choices !== undefined && !choices.includes(word))
      throw usageError(`<${name}> must be one of ${choices.join(', ')}.`, help)
  }
  return given
}

function optionValue(name: string, spec: OptionSpec, given: unknown, env: NodeJS.ProcessEnv): unknown {
  if (spec.type === 'flag') return given === true
  if (spec.many) return ((given as string[] | undefined) ?? []).map((text) => readValue(name, spec, text))
  const text = (given as string | undefined) ?? (spec.env && (env[spec.env] || undefined))
  if (text !== undefined) return readValue(name, spec, text)
  if (spec.required) throw usageError(`--${name} is missing.`, `Give --${name} <${spec.value ?? spec.type}>.`)
  return undefined
}

/**
 * Reads a command's arguments, the environment where it stands in for options.
 *
 * @throws `CLI.USAGE`
 */
export function parseCall(
  command: Command,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Call<OptionSpecs> {
  const options: OptionSpecs = { ...command.options, ...GENERAL }
  const declared = Object.entries(options).map(([name, { type, short, many }]) => [
    name,
    {
      type: type === 'flag' ? ('boolean' as const) : ('string' as const),
      multiple: many ?? false,
      ...(short && { short }),
    },
  ])
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({
      args: [...args],
      options: Object.fromEntries(declared),
      allowPositionals: true,
    }) as typeof parsed
  } catch (error) {
    throw readable(error, command, options)
  }
  // Somebody who asks for help need not have given what is required.
  if (parsed.values.help === true) return { values: { help: true } as never, operands: [] }
  const values = Object.entries(options).map(([name, spec]) => [
    name,
    optionValue(name, spec, parsed.values[name], env),
  ])
  return { values: Object.fromEntries(values), operands: readOperands(command, parsed.positionals) }
}
