import { expect, it } from 'vitest'
import { createFunes } from '../src/index.js'
import { describeOnServer, emptyDatabase } from './engines.js'
import { random, randomVector } from './vectors.js'

describeOnServer('calibration beside a transaction that has written', () => {
  it('answers with what it measured, holds no add up for long, and is kept once that has ended', async () => {
    const { pool, drop } = await emptyDatabase('server')
    const open = () => createFunes({ pool, model: 'm' })
    const [funes, other, third] = await Promise.all([open(), open(), open()])
    await funes.migrate()
    await funes.models.register({ name: 'm', dimensions: 8, indexKind: 'hnsw-vector', buildIndex: false })
    const next = random(3)
    const memory = (content: string) => ({ userId: 'u', content, embedding: randomVector(next, 8) })
    await funes.memories.addMany(
      Array.from({ length: 5000 }, (_, i) => memory(`m${i}`)),
      { batchSize: 1000 },
    )
    await funes.indexes.build('m')
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    let written: () => void = () => {}
    const hasWritten = new Promise<void>((resolve) => {
      written = resolve
    })
    const writing = other.transaction(
      async (tx) => {
        await tx.memories.add(memory('open'))
        written()
        await ended
      },
      { timeoutMs: 60_000 },
    )
    await hasWritten
    let running = true
    const calibrating = funes.indexes.calibrate({ sample: 10, target: 0.6 }).finally(() => {
      running = false
    })
    let slowest = 0
    while (running) {
      const start = performance.now()
      await third.memories.add(memory('beside'))
      slowest = Math.max(slowest, performance.now() - start)
    }
    const result = await calibrating
    expect(result).toMatchObject({ calibrated: true, kept: false, calibration: { target: 0.6 } })
    expect(slowest).toBeLessThan(2500)
    expect((await funes.models.get('m'))?.calibration).toBeNull()
    end()
    await writing
    expect(await funes.indexes.calibrate({ sample: 10, target: 0.6 })).toMatchObject({ kept: true })
    expect((await funes.models.get('m'))?.calibration).toMatchObject({ target: 0.6 })
    await drop()
  })
})
