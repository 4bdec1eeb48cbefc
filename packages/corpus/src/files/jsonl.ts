import { fileError } from './file-error.js'
import { readText } from './read-text.js'
import type { FileRecord } from './record.js'

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseLine(path: string, line: number, text: string): FileRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own message quotes the line, so it stays out.
    throw fileError(path, line, 'is not JSON')
  }
  if (!isObject(value)) throw fileError(path, line, 'is not a JSON object')
  return { line, fields: value }
}

/**
 * Reads JSON Lines: one object a line, empty lines left out.
 *
 * Lines end at line feeds only: `readline` would also cut at U+2028, which JSON strings may hold.
 *
 * @throws `FILE.INVALID` naming the line
 */
export async function* readJsonLines(path: string): AsyncGenerator<FileRecord> {
  let line = 1
  let rest = ''
  for await (const chunk of readText(path)) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() as string
    for (const text of lines) {
      if (text.trim() !== '') yield parseLine(path, line, text)
      line++
    }
  }
  if (rest.trim() !== '') yield parseLine(path, line, rest)
}
