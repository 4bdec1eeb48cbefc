import { fileError } from './file-error.js'

interface CsvRow {
  readonly line: number
  readonly cells: readonly string[]
}

export interface CsvParser {
  /** The rows that are whole by now. */
  push(text: string): CsvRow[]
  /** The last row, which need not end in a line break. */
  end(): CsvRow[]
}

/**
 * Cuts comma-separated values (RFC 4180) into rows as text arrives: cells in quotes may hold commas, line breaks and
 * doubled quotes. Lines end in CR LF, LF or CR.
 *
 * @throws `FILE.INVALID` from `push` on text after a closing quote, from `end` on a quote that never closes
 */
export function createCsvParser(path: string): CsvParser {
  let state: 'start' | 'plain' | 'quoted' | 'closed' = 'start'
  let cell = ''
  let cells: string[] = []
  let previous = ''
  let line = 1
  let rowLine = 1
  let rows: CsvRow[] = []

  function endCell(): void {
    cells.push(cell)
    cell = ''
    state = 'start'
  }

  function endRow(): void {
    const isBlank = cells.length === 0 && cell === '' && state === 'start'
    endCell()
    if (!isBlank) rows.push({ line: rowLine, cells })
    cells = []
    rowLine = line
  }

  function take(character: string): void {
    const isSecondHalf = character === '\n' && previous === '\r'
    const isBreak = character === '\n' || character === '\r'
    previous = character
    if (isBreak && !isSecondHalf) line++
    if (state === 'quoted') {
      if (character === '"') state = 'closed'
      else cell += character
    } else if (character === ',') {
      endCell()
    } else if (isBreak) {
      // Outside of quotes, so that the first half was there too and has ended the row.
      if (!isSecondHalf) endRow()
    } else if (character === '"' && state === 'start') {
      state = 'quoted'
    } else if (character === '"' && state === 'closed') {
      cell += '"'
      state = 'quoted'
    } else if (state === 'closed') {
      throw fileError(path, line, 'has text after a closing quotation mark')
    } else {
      state = 'plain'
      cell += character
    }
  }

  function taken(): CsvRow[] {
    const done = rows
    rows = []
    return done
  }

  return {
    push(text) {
      for (const character of text) take(character)
      return taken()
    },
    end() {
      if (state === 'quoted') throw fileError(path, rowLine, 'opens a quotation mark that nothing closes')
      if (cell !== '' || cells.length > 0 || state !== 'start') endRow()
      return taken()
    },
  }
}
