import { createCsvParser } from './csv-rows.js'
import { fileError } from './file-error.js'
import { readText } from './read-text.js'
import type { FileRecord } from './record.js'

/**
 * Reads comma-separated values whose first row names the columns. Empty cells count as left out.
 *
 * @throws `FILE.INVALID` naming the line
 */
export async function* readCsv(path: string): AsyncGenerator<FileRecord> {
  const parser = createCsvParser(path)
  let header: readonly string[] | undefined

  function* records(rows: ReturnType<typeof parser.push>): Generator<FileRecord> {
    for (const { line, cells } of rows) {
      if (header === undefined) {
        header = cells.map((name) => name.trim())
        if (new Set(header).size < header.length)
          throw fileError(path, line, 'names two columns with the same name')
        continue
      }
      if (cells.length !== header.length) {
        throw fileError(path, line, `has ${cells.length} cells where the header has ${header.length}`)
      }
      const filled = header.map((name, i) => [name, cells[i]] as const).filter(([, cell]) => cell !== '')
      yield { line, fields: Object.fromEntries(filled) }
    }
  }

  for await (const chunk of readText(path)) yield* records(parser.push(chunk))
  yield* records(parser.end())
}
