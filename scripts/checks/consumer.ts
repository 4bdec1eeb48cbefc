// What a strict TypeScript project that depends on @funes/db may write; scripts/check-package.mjs compiles it there.
import {
  createFunes,
  type Embedder,
  type Funes,
  type FunesErrorCode,
  isFunesError,
  type Memory,
  type MemoryHit,
} from '@funes/db'

const embedder: Embedder = {
  model: 'letters',
  dimensions: 26,
  embed: async (texts) =>
    texts.map((text) =>
      Float32Array.from({ length: 26 }, (_, i) => text.split(String.fromCharCode(97 + i)).length),
    ),
}

export async function remember(userId: string, content: string): Promise<readonly MemoryHit[]> {
  const funes: Funes = await createFunes({ dataDir: 'memory://', embedder })
  try {
    await funes.migrate()
    const memory: Memory = await funes.memories.add({ userId, content, importance: 0.7 })
    const version: number = memory.version
    await funes.transaction(async (tx) => {
      await tx.memories.update({ userId, id: memory.id, content: `${content} (${version})` })
    })
    return await funes.memories.search({ userId, text: content, k: 3 })
  } catch (error) {
    if (!isFunesError(error, 'EMBEDDING.DIMENSION_MISMATCH')) throw error
    const code: FunesErrorCode = error.code
    throw new Error(`${code}: ${error.fix}`)
  } finally {
    await funes.close()
  }
}

export function refusedByTheCompiler(funes: Funes): void {
  // @ts-expect-error: whose memories are searched is always said
  void funes.memories.search({ text: 'everything of everyone' })
  // @ts-expect-error: a memory has a content
  void funes.memories.add({ userId: 'ada' })
  // @ts-expect-error: a code that no error has
  isFunesError(undefined, 'NO.SUCH_CODE')
}
