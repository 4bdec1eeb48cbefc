import { DEPTHS, type SelectionReport } from './measure.js'

const share = (value: number) => (value === 1 ? '1.00' : value.toFixed(2).replace(/^0/, ''))

/** A report as a Markdown table under one line that says what was measured. */
export function printSelection(report: SelectionReport): string {
  const { tools, requests, dimensions, encoder, engine } = report
  const about = `${tools} tools, ${requests} requests; ${dimensions} dimensions (${encoder}), ${engine} engine`
  const head = [
    'mode',
    ...DEPTHS.map((depth) => `hit@${depth}`),
    ...['hit@5, held out', 'hit@5, chosen on', 'MRR@10', 'p50 ms', 'p95 ms'],
  ]
  const body = report.modes.map((one) => [
    one.mode,
    ...DEPTHS.map((depth) => share(one.hit[depth])),
    ...[one.hit5Held, one.hit5Chosen].map(share),
    one.reciprocalRank.toFixed(3).replace(/^0/, ''),
    one.latencyMs.p50.toFixed(1),
    one.latencyMs.p95.toFixed(1),
  ])
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [about, '', row(head), row(head.map(() => '---')), ...body.map(row)].join('\n')
}
