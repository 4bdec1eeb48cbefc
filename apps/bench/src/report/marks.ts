import { dirname, relative, resolve, sep } from 'node:path'

/** Files as the marks of a Markdown file name them: from its own folder on. */
export function sourcesFrom(markdown: string, files: readonly string[]): string[] {
  const folder = dirname(resolve(markdown))
  return files.map((file) => relative(folder, resolve(file)).split(sep).join('/'))
}

const END = (name: string) => `<!-- ${name}:end -->`

function findMarks(text: string, name: string) {
  const start = new RegExp(`<!-- ${name}:start((?: [^ >]+)*) -->`).exec(text)
  const end = text.indexOf(END(name))
  if (start === null || end < start.index) return undefined
  return { start, from: start.index + start[0].length, end }
}

/** What stands between the marks of a Markdown text, and which files it was made of; undefined without such marks. */
export function readMarked(text: string, name: string): { content: string; sources: string[] } | undefined {
  const marks = findMarks(text, name)
  if (marks === undefined) return undefined
  const sources = (marks.start[1] ?? '').split(' ').filter((source) => source !== '')
  return { content: text.slice(marks.from, marks.end).trim(), sources }
}

/**
 * Puts a table between the marks of a Markdown text, and into the first of them what it was made of.
 *
 * @throws RangeError when it has no such marks
 */
export function replaceMarked(
  text: string,
  name: string,
  table: string,
  sources: readonly string[] = [],
): string {
  const marks = findMarks(text, name)
  if (marks === undefined)
    throw new RangeError(`There is no <!-- ${name}:start --> ... ${END(name)} to write between.`)
  const mark = `<!-- ${[`${name}:start`, ...sources].join(' ')} -->`
  return `${text.slice(0, marks.start.index)}${mark}\n${table}\n${text.slice(marks.end)}`
}
