import type { AddOneMemory } from '@funes/db'
import { defineCommand, type Values } from '../command/command.js'
import { CONNECTION, USER, VECTORS } from '../command/general.js'
import { usageError } from '../fault.js'
import { whole } from '../screen/figures.js'
import type { Opening, Session } from '../session.js'
import { countedBy, readMemories } from './memory-lines.js'
import { readVector } from './read-vector.js'

const ONE = {
  source: {
    type: 'text',
    choices: ['chat', 'tool', 'system', 'document'],
    value: 'name',
    about: 'where it comes from; chat unless given',
  },
  importance: {
    type: 'number',
    min: 0,
    max: 1,
    value: 'n',
    about: '0, a trifle, to 1, vital; 0.5 unless given',
  },
  metadata: { type: 'json', value: 'json', about: 'any JSON object, or @file' },
  session: { type: 'text', short: 's', value: 'id', about: 'a session of that user' },
  language: { type: 'text', value: 'name', about: 'the text search configuration; english unless given' },
  id: { type: 'text', value: 'uuid', about: 'an id of your own' },
  key: { type: 'text', value: 'text', about: 'a second add with the same key stores nothing' },
  'created-at': { type: 'time', about: 'now unless given' },
  'expires-at': { type: 'time', about: 'from then on it is not found any more' },
  embedding: { type: 'text', value: 'file', path: 'file', about: 'a JSON array of numbers; - is stdin' },
} as const

const OPTIONS = {
  ...USER,
  ...ONE,
  'no-vector': { type: 'flag', about: 'store without a vector: found by its words, never by its meaning' },
  'on-duplicate': {
    type: 'text',
    choices: ['ignore', 'touch', 'update', 'error'],
    value: 'what',
    about: 'when the user has the same content already; it is stored again unless given',
  },
  jsonl: {
    type: 'text',
    value: 'file',
    path: 'file',
    about: 'many: a memory a line, as memories.add takes it; - is stdin',
  },
  ...VECTORS,
  ...CONNECTION,
} as const

type AddValues = Values<typeof OPTIONS>

function memoryOf(values: AddValues, content: string): AddOneMemory {
  if (values.user === undefined) throw usageError('Whose memory?', 'Give --user <id>.')
  if (content === '') throw usageError('Nothing to add.', 'Give a text, or --jsonl <file>.')
  if (values['no-vector'] && values.embedding !== undefined)
    throw usageError('--no-vector and --embedding contradict each other.', 'Give one of them.')
  const given = {
    sessionId: values.session,
    source: values.source,
    importance: values.importance,
    metadata: values.metadata as Record<string, unknown> | undefined,
    language: values.language,
    id: values.id,
    idempotencyKey: values.key,
    createdAt: values['created-at'],
    expiresAt: values['expires-at'],
    onDuplicate: values['on-duplicate'],
    embedding: values['no-vector']
      ? null
      : values.embedding === undefined
        ? undefined
        : readVector(values.embedding),
  }
  const known = Object.entries(given).filter(([, value]) => value !== undefined)
  return { userId: values.user, content, ...Object.fromEntries(known) }
}

async function addMany(values: AddValues & Opening, path: string, session: Session) {
  const alone = Object.keys(ONE).find((name) => values[name as keyof typeof ONE] !== undefined)
  if (alone !== undefined || values.user !== undefined)
    throw usageError(
      `--${alone ?? 'user'} and --jsonl contradict each other.`,
      'Write it into the lines of the file.',
    )
  const funes = await session.open(values)
  const progress = session.progress('adding')
  let stored = 0
  const lines = countedBy(readMemories(path, session, values['no-vector']))
  try {
    const result = await funes.memories.addMany(lines.memories, {
      ...(values['on-duplicate'] !== undefined && { onDuplicate: values['on-duplicate'] }),
      onProgress: ({ done }) => {
        stored = done
        progress.update(done)
      },
    })
    progress.end()
    return result
  } catch (error) {
    progress.end()
    session.screen.say(
      `${whole(stored)} lines were stored; it went wrong at or before line ${whole(lines.read)}.`,
    )
    throw error
  }
}

export const add = defineCommand({
  name: 'add',
  summary: 'store one memory, or a file of them',
  details:
    'A vector comes from --embedder or --embedding; without one, --no-vector says that words will do. Of a file that is ' +
    'broken off, what was stored stays; idempotencyKey in its lines makes repeating it harmless.',
  operands: [{ name: 'text', about: 'what to remember', many: true }],
  options: OPTIONS,
  examples: [
    {
      line: "funes add -u ada 'Ada takes her tea without sugar.' --embedder energetic",
      about: 'with a vector',
    },
    {
      line: "funes add -u ada 'The train leaves at nine.' --no-vector --importance 0.8",
      about: 'by its words only',
    },
    { line: 'funes add --jsonl memories.jsonl --embedder energetic', about: 'many' },
    {
      line: `echo '{"userId": "ada", "content": "Likes Turin.", "embedding": null}' | funes add --jsonl -`,
      about: 'from another program',
    },
  ],
  async run({ values, operands }, session) {
    if (values.jsonl !== undefined) {
      if (operands.length > 0)
        throw usageError('A text and --jsonl contradict each other.', 'Give one of them.')
      const result = await addMany(values, values.jsonl, session)
      return {
        data: result,
        show: () => [
          `${whole(result.added)} added, ${whole(result.skipped)} there already, ${whole(result.updated)} updated`,
        ],
      }
    }
    const memory = memoryOf(values, operands.join(' ').trim())
    const { memories } = await session.openFor(values, memory.userId)
    const added = await memories.add(memory)
    return {
      data: added,
      show: () => [`${added.created ? 'Added' : 'There already:'} ${added.id}`],
    }
  },
})
