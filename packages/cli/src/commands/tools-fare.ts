import type { FailingTool, NeverUsedTool, TrendingTool } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION } from '../command/general.js'
import { minute, percent, whole } from '../screen/figures.js'
import { type Column, drawTable } from '../screen/table.js'

const LIMIT = {
  limit: { type: 'integer', min: 1, max: 1000, value: 'n', about: 'tools at most; 20 unless given' },
} as const
const UNTIL = { until: { type: 'time', about: 'the end of the running hour unless given' } } as const

/** Tools as a table, or that there are none. */
const shown = <Row>(tools: readonly Row[], columns: readonly Column<Row>[]) => ({
  data: { tools },
  show: (width: number) => (tools.length === 0 ? ['No tools.'] : drawTable(tools, columns, width)),
})

const GROWTH: readonly Column<TrendingTool>[] = [
  { title: 'tool', of: ({ tool }) => tool },
  { title: 'calls', of: ({ calls }) => calls, align: 'right' },
  { title: 'before', of: ({ previousCalls }) => previousCalls, align: 'right' },
  { title: 'growth', of: ({ growth }) => `${growth.toFixed(2)} x`, align: 'right' },
]

export const toolsTrending = defineCommand({
  name: 'tools trending',
  summary: 'tools that are called more than they were before',
  details:
    'Growth is counted with ten calls added to both, so that two calls after none are not endless growth.',
  options: {
    ...UNTIL,
    window: {
      type: 'span',
      value: 'span',
      about: 'the length of the time looked at and of the one before it, as 24h; 7d unless given',
    },
    'min-calls': {
      type: 'integer',
      min: 1,
      value: 'n',
      about: 'only tools with so many calls; 1 unless given',
    },
    ...LIMIT,
    ...CONNECTION,
  },
  examples: [
    { line: 'funes tools trending', about: 'this week against the one before' },
    {
      line: 'funes tools trending --window 24h --min-calls 50',
      about: 'a day, of tools that are called often',
    },
  ],
  async run({ values }, session) {
    const { until, window, limit } = values
    const minCalls = values['min-calls']
    const funes = await session.open(values)
    const tools = await funes.tools.trending({
      ...(until !== undefined && { until }),
      ...(window !== undefined && { windowMs: window }),
      ...(minCalls !== undefined && { minCalls }),
      ...(limit !== undefined && { limit }),
    })
    return shown(tools, GROWTH)
  },
})

const FAILURES: readonly Column<FailingTool>[] = [
  { title: 'tool', of: ({ tool }) => tool },
  { title: 'calls', of: ({ calls }) => calls, align: 'right' },
  { title: 'failures', of: ({ failures }) => failures, align: 'right' },
  { title: 'failed', of: ({ errorRate }) => percent(errorRate), align: 'right' },
  { title: 'at least', of: ({ errorRateAtLeast }) => percent(errorRateAtLeast), align: 'right' },
  {
    title: 'errors',
    of: ({ errors }) => errors.map(({ class: name, calls }) => `${name} ${whole(calls)}`).join(', '),
    flexible: true,
  },
]

export const toolsFailing = defineCommand({
  name: 'tools failing',
  summary: 'tools that fail, those first that surely fail often',
  details: '"At least" is how often a tool fails as far as so many calls can tell (95 %).',
  options: {
    since: { type: 'time', about: '7 days before the end unless given' },
    ...UNTIL,
    'min-calls': {
      type: 'integer',
      min: 1,
      value: 'n',
      about: 'only tools with so many calls; 20 unless given',
    },
    'min-rate': {
      type: 'number',
      min: 0,
      max: 1,
      value: 'rate',
      about: 'only tools that surely fail so often, from 0 to 1; 0.05 unless given',
    },
    ...LIMIT,
    ...CONNECTION,
  },
  examples: [
    { line: 'funes tools failing', about: 'of the last 7 days' },
    {
      line: 'funes tools failing --min-rate 0.5 --json',
      about: 'those that fail every other time, for a program',
    },
  ],
  async run({ values }, session) {
    const { since, until, limit } = values
    const minCalls = values['min-calls']
    const minErrorRate = values['min-rate']
    const funes = await session.open(values)
    const tools = await funes.tools.failing({
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(minCalls !== undefined && { minCalls }),
      ...(minErrorRate !== undefined && { minErrorRate }),
      ...(limit !== undefined && { limit }),
    })
    return shown(tools, FAILURES)
  },
})

const UNUSED: readonly Column<NeverUsedTool>[] = [
  { title: 'tool', of: ({ tool }) => tool },
  { title: 'enabled', of: ({ enabled }) => (enabled ? 'yes' : 'no') },
  { title: 'registered', of: ({ registeredAt }) => minute(registeredAt) },
  { title: 'last used', of: ({ lastUsedAt }) => minute(lastUsedAt) },
]

export const toolsNeverUsed = defineCommand({
  name: 'tools never-used',
  summary: 'tools that were never called, or not for long',
  options: {
    since: { type: 'time', about: 'also tools that were last called before this moment' },
    ...LIMIT,
    ...CONNECTION,
  },
  examples: [
    { line: 'funes tools never-used', about: 'never at all' },
    { line: 'funes tools never-used --since 2026-01-01', about: 'nor since the beginning of the year' },
  ],
  async run({ values }, session) {
    const { since, limit } = values
    const funes = await session.open(values)
    const tools = await funes.tools.neverUsed({
      ...(since !== undefined && { since }),
      ...(limit !== undefined && { limit }),
    })
    return shown(tools, UNUSED)
  },
})
