import { createFunes } from '../src/index.js'

/** Builds the index of the model `m` in a process of its own, to be killed. Prints a line at the first sign of progress. */
const funes = await createFunes({ url: process.argv[2] as string, model: 'm' })
let told = false
await funes.indexes.build('m', {
  onProgress: ({ phase }) => {
    if (!told) process.stdout.write(`${phase}\n`)
    told = true
  },
})
await funes.close()
