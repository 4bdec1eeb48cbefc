import { defineCommand } from '../command/command.js'
import { CONNECTION, VECTORS } from '../command/general.js'
import { loadEmbedder } from '../connection/embedder.js'
import { usageError } from '../fault.js'
import { whole } from '../screen/figures.js'

export const reembed = defineCommand({
  name: 'reembed',
  summary: 'give all memories a vector under another model, and go over to it',
  details:
    'Adding and searching go on meanwhile. Stopped or killed, the same command goes on where it was. The model must be ' +
    "registered: under the embedder's own name, or the one that --to gives.",
  options: {
    embedder: { ...VECTORS.embedder, required: true },
    to: { type: 'text', value: 'name', about: "the model to go over to; the embedder's unless given" },
    from: {
      type: 'text',
      value: 'name',
      about: 'the model to take over from; the one that has vectors unless given',
    },
    all: { type: 'flag', about: 'also memories that were stored without a vector' },
    batch: {
      type: 'integer',
      min: 1,
      max: 1000,
      value: 'n',
      about: 'texts a call of the embedder; 100 unless given',
    },
    ...CONNECTION,
  },
  examples: [
    {
      line: 'funes models register universal-sentence-encoder-lite --dimensions 512 --no-build',
      about: 'first',
    },
    { line: 'funes reembed --embedder energetic', about: 'then, for as long as it takes' },
  ],
  async run({ values }, session) {
    const { from, all, batch } = values
    const encoder = await loadEmbedder(values.embedder)
    const to = values.to ?? encoder.model
    if (from === to)
      throw usageError(`${to} would take over from itself.`, 'Name another with --from or --to.')
    // Set up with the new model, Funes finds the one that has the vectors until now.
    const funes = await session.open({ url: values.url, 'data-dir': values['data-dir'], model: to })
    const progress = session.progress('embedding')
    const { embedded } = await funes.models.reembed({
      to,
      embed: (texts, options) => encoder.embed(texts, options),
      all,
      ...(from !== undefined && { from }),
      ...(batch !== undefined && { batchSize: batch }),
      onProgress: ({ phase, done, total }) => progress.update(done, total, phase),
      signal: session.signal,
    })
    progress.end()
    return {
      data: { model: to, embedded },
      show: () => [`${whole(embedded)} vectors were made; ${to} is in use.`],
    }
  },
})
