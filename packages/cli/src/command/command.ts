import type { Session } from '../session.js'
import type { GENERAL } from './general.js'

/** An option, told once: parsing, help and completions all read it here. */
export interface OptionSpec {
  /** `time` is ISO 8601, `span` a time like 30d in milliseconds, `json` a document or `@file`; `flag` takes no value. */
  readonly type: 'text' | 'flag' | 'integer' | 'number' | 'time' | 'span' | 'json'
  readonly about: string
  /** What stands for the value in help; the type unless given. */
  readonly value?: string
  readonly short?: string
  readonly choices?: readonly string[]
  readonly min?: number
  readonly max?: number
  readonly required?: boolean
  /** May be given several times. */
  readonly many?: boolean
  /** The value names a file or a folder: completions offer them. */
  readonly path?: 'file' | 'folder'
  /** The environment variable that gives it where the command line does not. */
  readonly env?: string
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** An argument without a name. */
export interface Operand {
  readonly name: string
  readonly about: string
  readonly required?: boolean
  /** Takes all that follow. Only the last may. */
  readonly many?: boolean
  readonly choices?: readonly string[]
  readonly path?: 'file' | 'folder'
}

type Single<S extends OptionSpec> = S['choices'] extends readonly (infer Choice)[]
  ? Choice
  : S['type'] extends 'integer' | 'number' | 'span'
    ? number
    : S['type'] extends 'time'
      ? Date
      : S['type'] extends 'json'
        ? unknown
        : string

/** What the options of `S` are read into. */
export type Values<S extends OptionSpecs> = {
  readonly [Name in keyof S]: S[Name]['type'] extends 'flag'
    ? boolean
    : S[Name]['many'] extends true
      ? readonly Single<S[Name]>[]
      : S[Name]['required'] extends true
        ? Single<S[Name]>
        : Single<S[Name]> | undefined
}

/** A command line that has been read. */
export interface Call<S extends OptionSpecs> {
  readonly values: Values<S & typeof GENERAL>
  readonly operands: readonly string[]
}

/** What a command answers with: for programs, for people, and for the shell. */
export interface Outcome {
  /** Printed with `--json`. */
  readonly data: unknown
  /** Lines for people, drawn to fit the terminal. */
  show(width: number): readonly string[]
  /** 0 unless given. */
  readonly exitCode?: number
}

export interface Example {
  readonly line: string
  readonly about: string
}

/** One thing that `funes` can do. */
export interface Command {
  /** One word, or two: `search`, `models list`. */
  readonly name: string
  /** Half a line: what it does. */
  readonly summary: string
  /** What else there is to know. */
  readonly details?: string
  readonly operands: readonly Operand[]
  readonly options: OptionSpecs
  readonly examples: readonly Example[]
  /** Does the work; answers with nothing where it has printed what there is itself. */
  run(call: Call<OptionSpecs>, session: Session): Promise<Outcome | undefined>
}

/** A command whose `run` sees the values that its options have. */
export function defineCommand<const S extends OptionSpecs>(
  command: Omit<Command, 'operands' | 'options' | 'run'> & {
    readonly operands?: readonly Operand[]
    readonly options: S
    run(call: Call<S>, session: Session): Promise<Outcome | undefined>
  },
): Command {
  return { operands: [], ...command, run: (call, session) => command.run(call as Call<S>, session) }
}
