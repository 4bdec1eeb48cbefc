/** What went wrong in a call: by class it is counted, the message is only kept. */
export interface UsageError {
  /** A name or a code, such as `TimeoutError` or `HTTP 429`: 1 to 100 characters, the same for failures of one kind. */
  class: string
  /** What happened this time; cut to 1,000 characters. */
  message?: string
}

export const MAX_CLASS = 100
const MAX_MESSAGE = 1000

/** No character is cut in half. */
const cut = (text: string, length: number): string => text.slice(0, length).replace(/[\ud800-\udbff]$/, '')

/** As PostgreSQL takes it: what a call throws is not looked through before. */
const clean = (text: unknown): string => String(text).replaceAll('\u0000', '').toWellFormed()

const tidy = (text: string): string => clean(text).replace(/\s+/g, ' ').trim()

/**
 * The class and the message of whatever a call threw. Of an Error the class is its `code`, if that is text, else its `name`; of a
 * text it is what stands before the first colon or line break.
 */
export function readError(error: string | Error | UsageError): { class: string; message: string | null } {
  if (error instanceof Error) {
    const { code } = error as { code?: unknown }
    const name = typeof code === 'string' && tidy(code) !== '' ? code : error.name
    return { class: cut(tidy(name), MAX_CLASS) || 'Error', message: messageOf(error.message) }
  }
  if (typeof error !== 'string')
    return { class: cut(tidy(error.class), MAX_CLASS), message: messageOf(error.message) }
  const end = error.search(/[:\n]/)
  const name = cut(tidy(end < 0 ? error : error.slice(0, end)), MAX_CLASS) || 'unknown'
  return { class: name, message: messageOf(end < 0 && tidy(error) === name ? undefined : error) }
}

function messageOf(message: string | undefined): string | null {
  return message === undefined || message === '' ? null : cut(clean(message), MAX_MESSAGE)
}
