import type { Funes } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION, USER } from '../command/general.js'
import { cliError } from '../fault.js'
import { minute, size } from '../screen/figures.js'
import { drawFacts, drawTable } from '../screen/table.js'

interface ModelStats {
  readonly model: string
  readonly state: string
  readonly vectors: number
  readonly indexBytes: number | null
}

async function modelStats(funes: Funes, userId: string | undefined): Promise<ModelStats[]> {
  const indexes = new Map<string, number>()
  for (const { model, bytes } of await funes.indexes.list())
    indexes.set(model, (indexes.get(model) ?? 0) + bytes)
  const models = await funes.models.list()
  const where = userId === undefined ? {} : { userId }
  const counts = await funes.prisma.memoryEmbedding.groupBy({
    by: ['modelId'],
    where,
    _count: { _all: true },
  })
  const vectors = new Map(counts.map(({ modelId, _count }) => [modelId, _count._all]))
  return models.map(({ id, name, state }) => ({
    model: name,
    state,
    vectors: vectors.get(id) ?? 0,
    indexBytes: indexes.get(name) ?? null,
  }))
}

async function everything(funes: Funes) {
  const { prisma } = funes
  // First what Funes asks itself: its errors say what to do, and Prisma's do not.
  const memories = await funes.memories.count({ scope: 'all-users' })
  return {
    users: await prisma.user.count(),
    sessions: await prisma.session.count(),
    memories,
    deleted: await prisma.memory.count({ where: { deletedAt: { not: null } } }),
    tools: await prisma.tool.count(),
  }
}

async function ofUser(funes: Funes, userId: string) {
  const user = await funes.users.get(userId)
  if (user === null) {
    const fix = 'Ids are matched exactly, capitals and blanks included.'
    throw cliError('CLI.USER_NOT_FOUND', 'There is no user with that id.', fix)
  }
  const { prisma } = funes
  const times = await prisma.memory.aggregate({
    where: { userId, deletedAt: null },
    _min: { createdAt: true },
    _max: { createdAt: true },
  })
  return {
    user: userId,
    sessions: await prisma.session.count({ where: { userId } }),
    memories: await funes.memories.count({ userId }),
    deleted: await prisma.memory.count({ where: { userId, deletedAt: { not: null } } }),
    oldest: times._min.createdAt,
    newest: times._max.createdAt,
  }
}

export const stats = defineCommand({
  name: 'stats',
  summary: 'how much is stored, of everyone or of one user',
  details: 'Counts every row, which takes its time where there are millions.',
  options: { ...USER, ...CONNECTION },
  examples: [
    { line: 'funes stats', about: 'the whole database' },
    { line: 'funes stats -u ada --json', about: 'one user, for a program' },
  ],
  async run({ values }, session) {
    const funes = await session.open(values)
    const counts = values.user === undefined ? await everything(funes) : await ofUser(funes, values.user)
    const models = await modelStats(funes, values.user)
    const facts = Object.entries(counts).map(
      ([name, value]) => [name, value instanceof Date ? minute(value) : value] as const,
    )
    return {
      data: { engine: funes.engine, ...counts, models },
      show: (width) => [
        ...drawFacts([['database', session.placeOf(values).name], ...facts], width),
        '',
        ...drawTable(
          models,
          [
            { title: 'model', of: ({ model }) => model, flexible: true },
            { title: 'state', of: ({ state }) => state },
            { title: 'vectors', of: ({ vectors }) => vectors, align: 'right' },
            {
              title: 'index',
              of: ({ indexBytes }) => (indexBytes === null ? null : size(indexBytes)),
              align: 'right',
            },
          ],
          width,
        ),
      ],
    }
  },
})
