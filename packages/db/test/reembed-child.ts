import { createFunes } from '../src/index.js'
import { textEmbedder } from './text-embedder.js'

/**
 * Re-embeds in a process of its own, to be killed: over a server's url, or a data directory, which the process then has to
 * itself, so that it writes and searches as well. Prints a line for each step, and a last one when it is through.
 */
const [kind, target, rows] = process.argv.slice(2) as ['url' | 'dataDir', string, string]
const [old, next] = [textEmbedder('old', 64), textEmbedder('new', 64)]
const funes = await createFunes({ [kind]: target, embedder: old, embedders: [next] })
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

if (rows !== undefined) {
  await funes.migrate()
  await funes.memories.addMany(
    Array.from({ length: Number(rows) }, (_, i) => ({ userId: `u${i % 10}`, content: `memory ${i}` })),
  )
  // Not before: what is added while a model is being built has its vector under that already.
  await funes.models.register({ name: next.model, dimensions: next.dimensions, buildIndex: false })
  say({ filled: true })
} else {
  let running = true
  const errors: string[] = []
  let searches = 0
  async function beside() {
    for (let i = 0; running; i++) {
      const content = `beside ${process.pid} ${i}`
      await funes.memories.add({ userId: 'beside', content })
      const hits = await funes.memories.search({ userId: 'u1', text: 'memory 1', mode: 'vector' })
      searches++
      if (hits[0]?.memory.content !== 'memory 1')
        errors.push(`search ${i}: ${hits[0]?.memory.content ?? 'nothing'}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const writing = kind === 'dataDir' ? beside() : Promise.resolve()
  const { embedded } = await funes.models.reembed({
    to: next.model,
    onProgress: ({ done, total, phase }) => say({ done, total, phase }),
  })
  running = false
  await writing
  say({ embedded, searches, errors })
}
await funes.close()
