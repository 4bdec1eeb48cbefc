import { createFunes } from '../src/index.js'

/** Exports in a process of its own, to be killed: prints how far it is, and takes its time. */
const [kind, target, to] = process.argv.slice(2) as ['url' | 'dataDir', string, string]
const funes = await createFunes({ [kind]: target })
const wait = new Int32Array(new SharedArrayBuffer(4))
await funes.archive.export({
  to,
  resume: true,
  compression: 'none',
  onProgress({ phase, done }) {
    process.stdout.write(`${JSON.stringify({ phase, done })}\n`)
    Atomics.wait(wait, 0, 0, 20)
  },
})
await funes.close()
