// A process of its own, to be killed in the middle of a write of Funes on the embedded engine. It says what was acknowledged, a
// line of JSON each; kill.db.test.ts bundles it, starts it, and knows what must be there afterwards.
import { createFunes } from '../src/index.js'
import { random, randomVector } from './vectors.js'

const [, , dataDir = '', first = '0'] = process.argv
const next = random(Number(first) + 1)
const funes = await createFunes({ dataDir, model: 'm' })
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const memory = (n: number, more: object = {}) => ({
  userId: `user ${n % 3}`,
  id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
  content: `memory number ${n}`,
  embedding: randomVector(next, 16),
  ...more,
})
const key = (n: number) => ({ userId: `user ${n % 3}`, id: memory(n).id })

say({ open: true })
for (let n = Number(first); ; n += 10) {
  await funes.memories.add(memory(n))
  say({ added: [n] })
  await funes.memories.addMany([memory(n + 1), memory(n + 2), memory(n + 3)])
  say({ added: [n + 1, n + 2, n + 3] })
  await funes.transaction(async (tx) => {
    await tx.memories.add(memory(n + 4))
    await tx.memories.add(memory(n + 5))
  })
  say({ added: [n + 4, n + 5] })
  await funes.memories.update({ ...key(n), importance: 1, metadata: { changed: n } })
  say({ changed: n })
  await funes.memories.delete(key(n + 1))
  say({ deleted: n + 1 })
  await funes.memories.load([memory(n + 6), memory(n + 7)])
  say({ added: [n + 6, n + 7] })
}
