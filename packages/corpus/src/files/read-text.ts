import { createReadStream } from 'node:fs'
import { fileError } from './file-error.js'

/**
 * Streams a UTF-8 file as text, a byte order mark left out.
 *
 * @throws `FILE.INVALID` where the bytes are not UTF-8, naming the line
 */
export async function* readText(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  const countLines = (bytes: Uint8Array) => {
    for (const byte of bytes) if (byte === 10) line++
  }
  const decode = (bytes?: Uint8Array) => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
    } catch (cause) {
      throw fileError(path, line, 'is not UTF-8 on this line or shortly after it', cause)
    }
  }
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    yield decode(chunk)
    countLines(chunk)
  }
  yield decode()
}
