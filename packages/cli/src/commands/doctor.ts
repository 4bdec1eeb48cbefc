import type { DoctorFinding } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION, VECTORS } from '../command/general.js'
import { EXIT } from '../exit-codes.js'
import { redactJson } from '../redact.js'
import { harmless } from '../screen/text-width.js'
import { wrapWords } from '../screen/wrap-words.js'

const SIGNS = { ok: 'ok     ', info: 'info   ', warning: 'WARNING', error: 'ERROR  ' } as const
const READABLE = 100
/** What there is nothing to look at of, on this engine. */
const NOT_APPLICABLE = /\.not-embedded$/

/** A finding: what is so, how it is known, and below it what mends it, ready to be copied. */
function lines({ id, severity, title, detail, fix }: DoctorFinding, width: number): string[] {
  const indent = '         '
  const text = (value: string, lead = '') =>
    wrapWords(lead + harmless(value), Math.max(30, width - indent.length)).map((line) => indent + line)
  const isWell = severity === 'ok'
  return [
    `${SIGNS[severity]}  ${harmless(title)}${isWell ? '' : `  [${id}]`}`,
    ...(detail === '' || isWell ? [] : text(detail)),
    ...(fix?.text === undefined ? [] : text(fix.text)),
    // Not broken into lines: it is there to be copied.
    ...(fix?.command === undefined ? [] : [`${indent}$ ${harmless(fix.command)}`]),
    ...(fix?.sql === undefined ? [] : [`${indent}sql> ${harmless(fix.sql)}`]),
  ]
}

function verdict(findings: readonly DoctorFinding[], place: string): string {
  const count = (severity: DoctorFinding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length
  const [errors, warnings] = [count('error'), count('warning')]
  if (errors + warnings === 0) return `Nothing is wrong with ${place}.`
  return `${errors} ${errors === 1 ? 'error' : 'errors'} and ${warnings} ${warnings === 1 ? 'warning' : 'warnings'} in ${place}.`
}

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'look at everything that Funes depends on, and say how to mend what is wrong',
  details: 'Changes nothing. Ends with 1 if there is an error, with 3 if the database does not answer.',
  options: {
    strict: { type: 'flag', about: 'end with 1 for warnings too' },
    all: { type: 'flag', short: 'a', about: 'show also what is well, and what does not apply' },
    ...CONNECTION,
    model: VECTORS.model,
  },
  examples: [
    { line: 'funes doctor', about: 'what is wrong, and the command that mends it' },
    { line: 'funes doctor --strict --json', about: 'as a check in a pipeline' },
  ],
  async run({ values }, session) {
    const place = session.placeOf(values).name
    const report = await (await session.open(values, { rows: 'nobody' })).doctor()
    // What is quoted of the database, such as a setting, may hold a connection string.
    const safe = redactJson(report, session.redact) as typeof report
    const findings = safe.findings.filter(
      ({ id, severity }) => values.all || !(severity === 'ok' || NOT_APPLICABLE.test(id)),
    )
    const isBad = !report.ok || (values.strict && report.severity === 'warning')
    const isUnreachable = report.findings.some(({ id }) => id === 'connection.failed')
    return {
      data: safe,
      show: (width) => [
        ...findings.flatMap((finding) => lines(finding, Math.min(width, READABLE))),
        ...(findings.length === 0 ? [] : ['']),
        verdict(safe.findings, place),
      ],
      exitCode: isUnreachable ? EXIT.unreachable : isBad ? EXIT.failed : EXIT.ok,
    }
  },
})
