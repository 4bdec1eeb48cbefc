const READY_FOR_QUERY = 'Z'.charCodeAt(0)
const IDLE = 'I'.charCodeAt(0)

/** The message that runs one SQL text. */
export function simpleQuery(sql: string): Buffer {
  const body = Buffer.from(`${sql}\0`)
  const message = Buffer.alloc(5 + body.length)
  message.write('Q')
  message.writeInt32BE(body.length + 4, 1)
  body.copy(message, 5)
  return message
}

/**
 * Whether the server, after this answer, waits for the next query. ReadyForQuery is 6 bytes, the last the
 * status.
 */
export function endsReady(answer: Buffer): boolean {
  return answer.length >= 6 && answer[answer.length - 6] === READY_FOR_QUERY
}

/** Whether it waits outside of a transaction. */
export function endsIdle(answer: Buffer): boolean {
  return endsReady(answer) && answer[answer.length - 1] === IDLE
}
