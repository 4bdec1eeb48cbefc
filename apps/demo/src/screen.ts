import { styleText } from 'node:util'

export type Paint = 'bold' | 'dim' | 'cyan' | 'green' | 'yellow'

/** Where the demo writes: a terminal, or a file or pipe that must stay free of escape codes. */
export interface Screen {
  readonly isTerminal: boolean
  /** Columns a line may take. */
  readonly width: number
  paint(paint: Paint, text: string): string
  print(line?: string): void
  /** Replaces the last line. Only on a terminal. */
  rewrite(line: string): void
}

export function createScreen(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Screen {
  const isTerminal = stream.isTTY === true && env.TERM !== 'dumb'
  const hasColor = isTerminal && !env.NO_COLOR
  return {
    isTerminal,
    width: Math.max(60, Math.min(stream.columns ?? 110, 110)),
    paint: (paint, text) => (hasColor ? styleText(paint, text) : text),
    print: (line = '') => void stream.write(`${line}\n`),
    rewrite: (line) => void stream.write(`\r\u001b[2K${line}`),
  }
}

/** Ends a line with an ellipsis, after the last whole word that leaves room for it. */
function shorten(line: string, width: number): string {
  const end = line.length + 3 <= width ? line.length : line.lastIndexOf(' ', width - 3)
  return `${line.slice(0, Math.max(0, end))}...`
}

/** Breaks text at blanks into lines of at most `width`; what is over `maxLines` gives way to an ellipsis. */
export function wrap(text: string, width: number, maxLines: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= width) {
      line = longer
      continue
    }
    if (lines.length === maxLines - 1) return [...lines, shorten(line, width)]
    lines.push(line)
    line = word
  }
  return [...lines, line]
}
