import type pg from 'pg'

const LINES_BEFORE = 5

/**
 * What PostgreSQL said of a script, in the form of Prisma's own engine: message, detail and hint, the lines up to the
 * one at which it stopped, and every field it sent.
 */
export function databaseErrorText(error: pg.DatabaseError, script: string): string {
  const lines = [`${error.severity ?? 'ERROR'}: ${error.message}`]
  if (error.detail !== undefined) lines.push(`DETAIL: ${error.detail}`)
  if (error.hint !== undefined) lines.push(`HINT: ${error.hint}`)
  return `${lines.join('\n')}${position(error, script)}\n\n${fields(error)}`
}

/** PostgreSQL counts characters from 1, not UTF-16 units. */
function position(error: pg.DatabaseError, script: string): string {
  if (error.position === undefined) return ''
  const before = [...script].slice(0, Number(error.position) - 1).join('')
  const number = before.split('\n').length
  const all = script.split('\n')
  const bold = (text: string) => `\x1b[1m${text}\x1b[0m`
  const numbered: string[] = []
  for (let n = Math.max(0, number - LINES_BEFORE); n < number; n++) {
    const line = n === 0 ? '' : (all[n - 1] ?? '')
    numbered.push(`${bold(String(n).padStart(3))}${line === '' ? '' : ` ${line}`}`)
  }
  return `\n\nPosition:\n${numbered.join('\n')}\n\x1b[1m${String(number).padStart(3)}\x1b[1;31m ${all[number - 1] ?? ''}\x1b[0m`
}

function fields(error: pg.DatabaseError): string {
  const severity = error.severity ?? 'ERROR'
  const text = (value: string | undefined) =>
    value === undefined ? 'None' : `Some(${JSON.stringify(value)})`
  const number = (value: string | undefined) => (value === undefined ? 'None' : `Some(${value})`)
  const parts = {
    severity: JSON.stringify(severity),
    parsed_severity: `Some(${severity.charAt(0)}${severity.slice(1).toLowerCase()})`,
    code: `SqlState(E${error.code})`,
    message: JSON.stringify(error.message),
    detail: text(error.detail),
    hint: text(error.hint),
    position: error.position === undefined ? 'None' : `Some(Original(${error.position}))`,
    where_: text(error.where),
    schema: text(error.schema),
    table: text(error.table),
    column: text(error.column),
    datatype: text(error.dataType),
    constraint: text(error.constraint),
    file: text(error.file),
    line: number(error.line),
    routine: text(error.routine),
  }
  const list = Object.entries(parts).map(([name, value]) => `${name}: ${value}`)
  return `DbError { ${list.join(', ')} }`
}
