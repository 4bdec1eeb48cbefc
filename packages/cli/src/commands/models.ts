import type { EmbeddingModel } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION, VECTORS, YES } from '../command/general.js'
import { minute, whole } from '../screen/figures.js'
import { drawTable } from '../screen/table.js'

const NAME = { name: 'name', about: 'the name of a model', required: true } as const

/** Which model is in use, this program knows as little as any other: it is told, or follows from `default`. */
const IN_USE = { ...VECTORS.model, about: 'the model in use now; default unless given' } as const

const show = (models: readonly EmbeddingModel[]) => (width: number) =>
  drawTable(
    models,
    [
      { title: 'model', of: ({ name }) => name, flexible: true },
      { title: 'dimensions', of: ({ dimensions }) => dimensions, align: 'right' },
      { title: 'metric', of: ({ metric }) => metric },
      { title: 'index', of: ({ indexKind }) => indexKind },
      {
        title: 'state',
        of: ({ state, replacedBy }) => (replacedBy === null ? state : `${state}, now ${replacedBy}`),
      },
      {
        title: 'recall',
        of: ({ calibration }) => calibration?.high.recall.toFixed(3) ?? null,
        align: 'right',
      },
      { title: 'registered', of: ({ createdAt }) => minute(createdAt) },
    ],
    width,
  )

export const modelsList = defineCommand({
  name: 'models list',
  summary: 'the embedding models whose vectors are kept',
  options: CONNECTION,
  examples: [{ line: 'funes models list', about: 'dimensions, metric, index and state of each' }],
  async run({ values }, session) {
    const models = await (await session.open(values, { rows: 'nobody' })).models.list()
    return { data: { models }, show: show(models) }
  },
})

export const modelsRegister = defineCommand({
  name: 'models register',
  summary: 'register an embedding model and build its index',
  details: 'Doing it again with the same facts changes nothing.',
  operands: [NAME],
  options: {
    dimensions: {
      type: 'integer',
      short: 'd',
      min: 1,
      max: 16_000,
      required: true,
      value: 'n',
      about: 'components of each vector',
    },
    metric: {
      type: 'text',
      choices: ['cosine', 'l2', 'inner-product'],
      value: 'name',
      about: 'how vectors are compared; cosine unless given',
    },
    index: {
      type: 'text',
      choices: ['hnsw-vector', 'hnsw-halfvec', 'hnsw-bit', 'none'],
      value: 'kind',
      about: 'the kind that measures best on this engine unless given',
    },
    'no-build': { type: 'flag', about: 'leave the index to `funes reindex`, quicker after a bulk load' },
    ...CONNECTION,
  },
  examples: [
    {
      line: 'funes models register all-MiniLM-L6-v2 --dimensions 384',
      about: 'an encoder of 384 dimensions',
    },
  ],
  async run({ values, operands: [name = ''] }, session) {
    const { dimensions, metric, index } = values
    const funes = await session.open(values)
    const model = await funes.models.register({
      name,
      dimensions,
      ...(metric !== undefined && { metric }),
      ...(index !== undefined && { indexKind: index }),
      ...(values['no-build'] && { buildIndex: false }),
    })
    return { data: model, show: show([model]) }
  },
})

export const modelsActivate = defineCommand({
  name: 'models activate',
  summary: 'make a model the one that memories are stored and searched under',
  details:
    'Every process that was set up with the model before follows. To make its vectors first: `funes reembed`.',
  operands: [NAME],
  options: {
    model: IN_USE,
    force: { type: 'flag', about: 'although memories have no vector under it yet' },
    ...CONNECTION,
  },
  examples: [
    { line: 'funes models activate all-MiniLM-L6-v2 --model default', about: 'take over from another' },
  ],
  async run({ values, operands: [name = ''] }, session) {
    const funes = await session.open(values)
    const model = await funes.models.activate(name, { force: values.force })
    return { data: model, show: show([model]) }
  },
})

export const modelsRetire = defineCommand({
  name: 'models retire',
  summary: 'take a model out of use, with --remove for good',
  operands: [NAME],
  options: {
    model: IN_USE,
    remove: { type: 'flag', about: 'remove its vectors and its index too' },
    force: { type: 'flag', about: 'although memories have vectors under no other model' },
    ...YES,
    ...CONNECTION,
  },
  examples: [
    {
      line: 'funes models retire old-model --model new-model',
      about: '`funes models activate` can bring it back',
    },
    {
      line: 'funes models retire old-model --model new-model --remove --yes',
      about: 'from a script, for good',
    },
  ],
  async run({ values, operands: [name = ''] }, session) {
    const { remove, force } = values
    const what = remove
      ? `Retire the model ${name} and remove all its vectors from`
      : `Retire the model ${name} of`
    await session.confirm(`${what} ${session.placeOf(values).name}?`, values.yes)
    const funes = await session.open(values)
    const progress = session.progress('removing vectors')
    const { removed } = await funes.models.retire(name, {
      remove,
      force,
      onProgress: (done) => progress.update(done),
      signal: session.signal,
    })
    progress.end()
    return {
      data: { model: name, removed },
      show: () => [`${name} is retired${remove ? `, ${whole(removed)} vectors were removed` : ''}.`],
    }
  },
})
