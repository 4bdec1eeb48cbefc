import type { RetrievalReport } from './measure.js'
import { countsInWords } from './oddity.js'
import { DEPTHS } from './recall.js'

const share = (value: number) => value.toFixed(3).replace(/^0/, '')

/** A report as a Markdown table under one line that says what was measured. */
export function printRetrieval(report: RetrievalReport): string {
  const { dataset, questions, turns, users, dimensions, encoder, engine } = report
  const count = (n: number, noun: string) => `${n.toLocaleString('en')} ${noun}`
  const about = [
    `${dataset}: ${count(questions, 'questions')}, ${count(turns, 'turns')}, ${count(users, 'users')}`,
    `${dimensions} dimensions${encoder === null ? '' : ` (${encoder})`}, ${engine} engine`,
  ].join('; ')
  const odd = report.oddities === undefined ? [] : countsInWords(report.oddities)
  const head = [
    'mode',
    ...DEPTHS.map((k) => `evidence recall@${k}`),
    ...DEPTHS.map((k) => `any hit@${k}`),
    'p50 ms',
    'p95 ms',
  ]
  const body = report.modes.map(({ mode, evidenceRecall, anyHit, latencyMs }) => [
    mode,
    ...DEPTHS.map((k) => share(evidenceRecall[k])),
    ...DEPTHS.map((k) => share(anyHit[k])),
    latencyMs.p50.toFixed(1),
    latencyMs.p95.toFixed(1),
  ])
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    about,
    ...(odd.length > 0 ? ['', odd.join('; ')] : []),
    '',
    row(head),
    row(head.map(() => '---')),
    ...body.map(row),
  ].join('\n')
}
