import { aimsOf } from '../gate/aims.js'
import { type JudgedAim, type JudgedBeside, judgeAims, measuredInWords } from '../gate/judge-aims.js'
import type { Report } from '../result.js'
import type { RetrievalReport } from '../retrieval/measure.js'
import { loadInWords } from './load.js'

/** What a JSON file says, and the name that the table calls it by. */
export type Findings = { readonly name: string } & (
  | { readonly run: Report }
  | { readonly retrieval: RetrievalReport }
)

/** What of the table is told of one run. */
interface Line {
  readonly aim: string
  readonly measured: string
  readonly isMet: boolean
}

const MIN_QUESTIONS = 150
const AHEAD = 1.1

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** Another scenario, or another driver, that was held against the same aim. */
function besideInWords({ called, worst }: JudgedBeside): string {
  const { scenario, driver } = worst.bound
  if (called !== undefined) return `${called} ${measuredInWords(worst)} (${worst.at})`
  const who = driver === 'funes' ? `scenario \`${scenario}\`` : `\`${driver}\``
  return `${who} ${measuredInWords(worst)}`
}

function lineOf({ name, worst, beside, isMet }: JudgedAim): Line {
  const others = beside.map(besideInWords)
  const at = worst.at === '' ? '' : ` (${worst.at})`
  return { aim: name, measured: [`${measuredInWords(worst)}${at}`, ...others].join('; '), isMet }
}

function linesOfRun(report: Report): Line[] {
  if (!aimsOf(report).isTheirSize) return []
  return judgeAims(report).map(lineOf)
}

/** What was aimed at is a set of one's own, and being ahead on it. */
function linesOfRetrieval({ questions, modes }: RetrievalReport): Line[] {
  const at10 = (mode: string) => modes.find((one) => one.mode === mode)?.evidenceRecall[10] ?? Number.NaN
  const best = Math.max(at10('vector'), at10('text'))
  const hybrid = at10('hybrid')
  return [
    {
      aim: 'at least 150 labelled questions',
      measured: String(questions),
      isMet: questions >= MIN_QUESTIONS,
    },
    {
      aim: 'hybrid finds a tenth more at 10 than the better of its two ends',
      measured: `${(hybrid / best).toFixed(2)}: ${hybrid.toFixed(3)} against ${best.toFixed(3)}`,
      isMet: hybrid / best >= AHEAD,
    },
  ]
}

/**
 * What was aimed at, what was measured, and whether it was met, every cell out of JSON. A run whose size no aim is for
 * says nothing.
 *
 * @throws RangeError when nothing speaks to any aim
 */
export function renderAims(findings: readonly Findings[]): string {
  const lines = findings.flatMap((found) => {
    const own = 'run' in found ? linesOfRun(found.run) : linesOfRetrieval(found.retrieval)
    return own.map((line) => ({ ...line, run: found.name }))
  })
  const runs = findings.flatMap((found) => ('run' in found ? [found] : []))
  const loads = runs.map(({ name, run }) => ({ name, load: run.environment.loadAverage }))
  if (lines.length === 0) throw new RangeError('None of these was measured at a size that an aim is for.')
  const head = ['aim', 'measured', 'run', '']
  return [
    row(head),
    row(head.map(() => '---')),
    ...lines.map(({ aim, measured, run, isMet }) => row([aim, measured, run, isMet ? 'met' : '**missed**'])),
    ...(loads.length > 0 ? ['', `Load average before the run: ${loadInWords(loads)}.`] : []),
  ].join('\n')
}
