import type { UsageMeasures, UsageReport } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION, USER } from '../command/general.js'
import { duration, minute, percent, whole } from '../screen/figures.js'
import { type Column, drawFacts, drawTable } from '../screen/table.js'

const time = (ms: number | undefined) => (ms === undefined ? null : duration(ms))

function facts(
  { tool, version }: { tool: string | undefined; version: number | undefined },
  report: UsageReport,
  timeZone?: string,
) {
  const { durationMs, errors } = report
  return [
    ['tool', tool ?? 'all'],
    ...(version === undefined ? [] : [['version', version] as const]),
    ['from', minute(report.since, timeZone)],
    ['to', minute(report.until, timeZone)],
    ['calls', report.calls],
    ['failures', report.failures],
    ['success', percent(report.successRate)],
    ['p50', time(durationMs?.p50)],
    ['p95', time(durationMs?.p95)],
    ['p99', time(durationMs?.p99)],
    ['users', report.users],
    ['sessions', report.sessions],
    ['tokens in, out', `${whole(report.inputTokens)}, ${whole(report.outputTokens)}`],
    ['last used', minute(report.lastUsedAt, timeZone)],
    ['errors', errors.map(({ class: name, calls }) => `${name} ${whole(calls)}`).join(', ') || null],
  ] as const
}

const bucketOn = (timeZone?: string): readonly Column<UsageMeasures & { readonly start: Date }>[] => [
  { title: 'from', of: ({ start }) => minute(start, timeZone) },
  { title: 'calls', of: ({ calls }) => calls, align: 'right' },
  { title: 'failures', of: ({ failures }) => failures, align: 'right' },
  { title: 'success', of: ({ successRate }) => percent(successRate), align: 'right' },
  { title: 'p50', of: ({ durationMs }) => time(durationMs?.p50), align: 'right' },
  { title: 'p95', of: ({ durationMs }) => time(durationMs?.p95), align: 'right' },
]

export const toolsUsage = defineCommand({
  name: 'tools usage',
  summary: 'how often tools were called, how long they took, and what failed',
  operands: [{ name: 'name', about: 'of one tool; of all unless given' }],
  options: {
    since: { type: 'time', about: '30 days before the end unless given' },
    until: { type: 'time', about: 'the end of the running hour unless given' },
    by: { type: 'text', choices: ['hour', 'day', 'week'], value: 'unit', about: 'also by hour, day or week' },
    'time-zone': {
      type: 'text',
      value: 'name',
      about: 'whose days they are and on whose clock they are shown, as Europe/Berlin; UTC unless given',
    },
    user: { ...USER.user, about: 'only calls for this user' },
    version: { type: 'integer', min: 1, value: 'n', about: 'only calls of this version of the tool' },
    ...CONNECTION,
  },
  examples: [
    { line: 'funes tools usage', about: 'all tools, the last 30 days' },
    { line: 'funes tools usage send_email --by day --since 2026-01-01', about: 'one tool, day by day' },
    { line: 'funes tools usage send_email --version 2', about: 'as it was with this version' },
    { line: 'funes tools usage --by day --time-zone Europe/Berlin', about: 'by the days of Berlin' },
  ],
  async run({ values, operands: [tool] }, session) {
    const { since, until, by, user, version } = values
    const timeZone = values['time-zone']
    const funes = await session.open(values)
    const report = await funes.tools.usage({
      ...(tool !== undefined && { tool }),
      ...(version !== undefined && { version }),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(by !== undefined && { bucket: by }),
      ...(timeZone !== undefined && { timeZone }),
      ...(user !== undefined && { userId: user }),
    })
    return {
      data: report,
      show: (width) => [
        ...drawFacts(facts({ tool, version }, report, timeZone), width),
        ...(report.buckets.length === 0 ? [] : ['', ...drawTable(report.buckets, bucketOn(timeZone), width)]),
      ],
    }
  },
})
