import { createInterface } from 'node:readline/promises'
import { cliError } from '../fault.js'

/** Whom to ask, and how to break off. */
export interface Asking {
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
  readonly signal: AbortSignal
  /** Ctrl-C while the question stands: the terminal gives it to the prompt and not to the process. */
  interrupt(): void
}

/**
 * Asks before something that cannot be undone.
 *
 * @throws `CLI.NOT_CONFIRMED` unless the answer is yes, and where there is nobody to ask
 */
export async function confirm(question: string, { stdin, stderr, signal, interrupt }: Asking): Promise<void> {
  if (!stdin.isTTY || !stderr.isTTY) {
    throw cliError(
      'CLI.NOT_CONFIRMED',
      `${question} There is no terminal to ask on.`,
      'Give --yes if that is what you want.',
    )
  }
  const prompt = createInterface({ input: stdin, output: stderr })
  prompt.on('SIGINT', interrupt)
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal })
    if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    prompt.close()
  }
  throw cliError('CLI.NOT_CONFIRMED', 'Not confirmed: nothing was done.', 'Answer with y, or give --yes.')
}
