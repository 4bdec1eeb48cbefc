import type { Funes, MemoryFilter, MemoryHit, SearchExplanation } from '@funes/db'
import { type Call, defineCommand, type Values } from '../command/command.js'
import { CONNECTION, USER, VECTORS } from '../command/general.js'
import { usageError } from '../fault.js'
import { duration, minute, whole } from '../screen/figures.js'
import { type Column, drawTable } from '../screen/table.js'
import { readVector } from './read-vector.js'

const OPTIONS = {
  ...USER,
  'all-users': { type: 'flag', about: "everyone's memories, in place of --user" },
  embedding: {
    type: 'text',
    value: 'file',
    path: 'file',
    about: 'a JSON array of numbers to look for; - is stdin',
  },
  k: { type: 'integer', short: 'k', min: 1, max: 1000, value: 'n', about: 'how many; 10 unless given' },
  mode: {
    type: 'text',
    choices: ['vector', 'text', 'hybrid'],
    value: 'mode',
    about: 'by meaning, by words, by both; whatever there is the means for unless given',
  },
  accuracy: {
    type: 'text',
    choices: ['exact', 'high', 'fast'],
    value: 'level',
    about: 'how hard to look; high unless given',
  },
  filter: {
    type: 'json',
    value: 'json',
    about: "a filter as memories.search takes it; times as '2026-01-31'",
  },
  'min-score': { type: 'number', value: 'n', about: 'leave out what scores less' },
  rank: { type: 'flag', about: 'rank by relevance, recency and importance' },
  diversity: {
    type: 'number',
    min: 0,
    max: 1,
    value: 'lambda',
    about: 'leave out what says the same again; 1 is relevance only',
  },
  context: {
    type: 'integer',
    min: 0,
    max: 20,
    value: 'n',
    about: 'so many turns of the session before and after each hit',
  },
  language: { type: 'text', value: 'name', about: 'the text search configuration; english unless given' },
  explain: { type: 'flag', about: 'the way the search took, and its timings' },
  long: { type: 'flag', short: 'l', about: 'ids, sessions and importance too' },
  ...VECTORS,
  ...CONNECTION,
} as const

function columnsFor(values: Values<typeof OPTIONS>): Column<MemoryHit>[] {
  const long: Column<MemoryHit>[] = [
    { title: 'id', of: ({ memory }) => memory.id },
    { title: 'session', of: ({ memory }) => memory.sessionId },
    { title: 'importance', of: ({ memory }) => memory.importance, align: 'right' },
  ]
  return [
    { title: 'score', of: ({ score }) => (Number.isNaN(score) ? '' : score.toFixed(3)), align: 'right' },
    ...(values['all-users'] ? [{ title: 'user', of: ({ memory }: MemoryHit) => memory.userId }] : []),
    { title: 'created', of: ({ memory }) => minute(memory.createdAt) },
    { title: 'source', of: ({ memory }) => memory.source },
    ...(values.long ? long : []),
    { title: 'content', of: ({ memory }) => memory.content, flexible: true },
  ]
}

/** Each hit among the turns around it; those have no score. */
function withTurns(hits: readonly MemoryHit[]): MemoryHit[] {
  return hits.flatMap((hit) => {
    const turn = (memory: MemoryHit['memory']) => ({ memory, distance: null, score: Number.NaN })
    return [...(hit.context?.before ?? []).map(turn), hit, ...(hit.context?.after ?? []).map(turn)]
  })
}

function explained({ mode, path, candidates, timings }: SearchExplanation): string {
  const looked =
    candidates === null ? '' : `, candidates ${candidates.capped ? 'over ' : ''}${whole(candidates.count)}`
  return `mode ${mode}, path ${path ?? 'none'}${looked}, ${duration(timings.totalMs)} (embedding ${duration(timings.embedMs)}, statement ${duration(timings.statementMs)})`
}

const TIME_KEYS = new Set(['gt', 'gte', 'lt', 'lte'])

/** JSON has no times: where a bound is a text, a time is meant. */
function withTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTimes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (key === 'metadata' || key === 'equals' || key === 'in') return [key, item]
      return [key, TIME_KEYS.has(key) && typeof item === 'string' ? new Date(item) : withTimes(item)]
    }),
  )
}

function questionOf({ values, operands }: Call<typeof OPTIONS>) {
  const text = operands.length === 0 ? undefined : operands.join(' ')
  if ((values.user === undefined) === !values['all-users'])
    throw usageError('Whose memories?', 'Give --user <id>, or --all-users in its place.')
  if (text === undefined && values.embedding === undefined)
    throw usageError('Nothing to look for.', 'Give a text, --embedding <file>, or both.')
  const { k, mode, accuracy, filter, diversity, context, language } = values
  return {
    ...(values.user === undefined ? { scope: 'all-users' as const } : { userId: values.user }),
    ...(text !== undefined && { text }),
    ...(values.embedding !== undefined && { embedding: readVector(values.embedding) }),
    ...(k !== undefined && { k }),
    ...(mode !== undefined && { mode }),
    ...(accuracy !== undefined && { accuracy }),
    ...(filter !== undefined && { filter: withTimes(filter) as MemoryFilter }),
    ...(values['min-score'] !== undefined && { minScore: values['min-score'] }),
    ...(values.rank && { ranking: {} }),
    ...(diversity !== undefined && { diversity: { lambda: diversity } }),
    ...(context !== undefined && { context: { before: context, after: context } }),
    ...(language !== undefined && { language }),
  }
}

export const search = defineCommand({
  name: 'search',
  summary: "find one user's memories by words, by meaning, or by both",
  details:
    'By words alone unless there is a vector: --embedder makes one of the text, --embedding brings one. A "quoted phrase" ' +
    'must occur, a -word must not.',
  operands: [{ name: 'text', about: 'what to look for', many: true }],
  options: OPTIONS,
  examples: [
    { line: "funes search -u ada 'how does she take her tea'", about: 'by words' },
    { line: "funes search -u ada --embedder energetic 'hot drinks'", about: 'by meaning too' },
    {
      line: 'funes search -u ada --embedding question.json --accuracy exact -k 5',
      about: 'with a vector of your own',
    },
    {
      line: `funes search --all-users tea --filter '{"tags": ["home"], "createdAt": {"gte": "2026-01-01"}}' --json`,
      about: "everyone's, filtered, for a program",
    },
  ],
  async run(call, session) {
    const { values } = call
    const question = questionOf(call)
    const memories = (
      values.user === undefined ? await session.open(values) : await session.openFor(values, values.user)
    ).memories as Funes['memories']
    const { hits, explanation } = values.explain
      ? await memories.search({ ...question, explain: true })
      : { hits: (await memories.search(question)) as readonly MemoryHit[], explanation: undefined }
    return {
      data: explanation === undefined ? { hits } : { hits, explanation },
      show: (width) => [
        ...(hits.length === 0 ? ['Nothing found.'] : drawTable(withTurns(hits), columnsFor(values), width)),
        ...(explanation === undefined ? [] : ['', explained(explanation)]),
      ],
    }
  },
})
