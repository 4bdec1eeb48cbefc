import { EXIT_MEANINGS } from '../exit-codes.js'
import { wrapWords } from '../screen/wrap-words.js'
import type { Command, Operand, OptionSpec } from './command.js'
import { CONNECTION, GENERAL } from './general.js'

const GENERAL_NAMES = new Set([...Object.keys(CONNECTION), ...Object.keys(GENERAL)])
/** A left column wider than this has its explanation on the line below. */
const MAX_LEFT = 26

/** `<user>`, `[text...]`. */
function operandForm({ name, required, many }: Operand): string {
  const inner = many ? `${name}...` : name
  return required ? `<${inner}>` : `[${inner}]`
}

function optionForm(name: string, { short, type, value }: OptionSpec): string {
  const long = type === 'flag' ? `--${name}` : `--${name} <${value ?? type}>`
  return short === undefined ? long : `-${short}, ${long}`
}

function optionAbout({ about, choices, required, env, many }: OptionSpec): string {
  const notes = [
    choices?.join(' | '),
    required && 'required',
    many && 'may be repeated',
    env && `also as ${env}`,
  ].filter(Boolean)
  return notes.length === 0 ? about : `${about} (${notes.join('; ')})`
}

/** Two columns, the right one broken into lines that fit. */
function definitions(rows: readonly (readonly [left: string, right: string])[], width: number): string[] {
  const left = Math.min(MAX_LEFT, Math.max(0, ...rows.map(([term]) => term.length)))
  return rows.flatMap(([term, about]) => {
    const [first = '', ...rest] = wrapWords(about, Math.max(20, width - left - 4))
    const indent = ' '.repeat(left + 4)
    const head = term.length > left ? [`  ${term}`, indent + first] : [`  ${term.padEnd(left)}  ${first}`]
    return [...head, ...rest.map((line) => indent + line)]
  })
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines]
}

function optionRows(command: Command, isGeneral: boolean) {
  return Object.entries({ ...command.options, ...GENERAL })
    .filter(([name]) => GENERAL_NAMES.has(name) === isGeneral)
    .map(([name, spec]) => [optionForm(name, spec), optionAbout(spec)] as const)
}

/** What `funes <command> --help` prints. */
export function commandHelp(command: Command, width: number): string {
  const { name, summary, details, operands, examples } = command
  const usage = ['funes', name, ...operands.map(operandForm), '[options]'].join(' ')
  return [
    ...wrapWords(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`, width),
    ...(details === undefined ? [] : ['', ...wrapWords(details, width)]),
    ...section('Usage', [`  ${usage}`]),
    ...section(
      'Arguments',
      definitions(
        operands.map((operand) => [operandForm(operand), operand.about]),
        width,
      ),
    ),
    ...section('Options', definitions(optionRows(command, false), width)),
    ...section('As for every command', definitions(optionRows(command, true), width)),
    ...section(
      'Examples',
      examples.flatMap(({ line, about }) =>
        [...wrapWords(`# ${about}`, width - 2), line].map((l) => `  ${l}`),
      ),
    ),
  ].join('\n')
}

/** The same for a program. */
export function commandData({ name, summary, details, operands, options, examples }: Command) {
  return {
    name,
    summary,
    ...(details !== undefined && { details }),
    operands,
    options: { ...options, ...GENERAL },
    examples,
  }
}

/** What `funes --help --json` prints. */
export function overviewData(commands: readonly Command[], group: string | undefined) {
  const shown = group === undefined ? commands : commands.filter(({ name }) => name.startsWith(`${group} `))
  return {
    commands: shown.map(({ name, summary }) => ({ name, summary })),
    options: { ...CONNECTION, ...GENERAL },
    exitCodes: EXIT_MEANINGS.map(([code, meaning]) => ({ code, meaning })),
  }
}

/** What `funes --help` prints, and `funes models --help` of those whose names begin with it. */
export function overview(commands: readonly Command[], group: string | undefined, width: number): string {
  const shown = group === undefined ? commands : commands.filter(({ name }) => name.startsWith(`${group} `))
  const rows = shown.map(({ name, summary }) => [name, summary] as const)
  const codes = EXIT_MEANINGS.map(([code, meaning]) => [String(code), meaning] as const)
  return [
    'funes: the long-term memory of agents, in your own Postgres or in a folder.',
    ...section('Usage', [
      `  funes ${group ?? '<command>'} ${group === undefined ? '' : '<command> '}[options]`,
    ]),
    ...section('Commands', definitions(rows, width)),
    ...section(
      'Which database',
      definitions(
        Object.entries(CONNECTION).map(
          ([name, spec]) => [optionForm(name, spec), optionAbout(spec)] as const,
        ),
        width,
      ),
    ),
    ...section('Exit codes', definitions(codes, width)),
    '',
    `\`funes ${group === undefined ? '' : `${group} `}<command> --help\` tells more, with examples.`,
  ].join('\n')
}
