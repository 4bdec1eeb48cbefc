import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const README = readFileSync(here('../README.md'), 'utf8')
const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

/** What a reader has at hand where a snippet begins. */
const AT_HAND = `
import { createFunes, type AddMemory, type Embedder, type Funes, type MemoryFilter, type MemoryHit, type ToolHit } from '@funes/db'
import { z } from 'zod'
declare const funes: Funes, other: Funes, hits: ToolHit[]
declare const url: string, userId: string, sessionId: string, id: string, text: string, content: string
declare const embedding: number[], monday: Date, error: Error, signal: AbortSignal
declare const memories: AddMemory[], rows: AsyncIterable<AddMemory>
declare const embed: Embedder['embed'], work: () => Promise<void>
declare const encode: (texts: readonly string[], signal?: AbortSignal) => Promise<Float32Array[]>
`

/** Each snippet as a function, so that what one declares is not the next one's. */
function programOf(snippets: readonly string[]): string {
  const functions = snippets.map((code) => {
    const line = README.slice(0, README.indexOf(code)).split('\n').length
    return `export async function readmeLine${line}() {\n${code}}`
  })
  return [AT_HAND, ...functions].join('\n')
}

const CONFIG = {
  compilerOptions: {
    ...{ target: 'es2023', lib: ['es2023', 'es2024.string', 'esnext.disposable'], module: 'nodenext' },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ noEmit: true, skipLibCheck: true, types: ['node'], typeRoots: [here('../node_modules/@types')] },
    paths: { '@funes/db': [here('../dist/index.d.ts')], zod: [here('../node_modules/zod/index.d.ts')] },
  },
  files: ['program.ts'],
}

it('what the README shows compiles against the types as they are published', async () => {
  const snippets = [...README.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string)
  expect(snippets.length).toBeGreaterThan(15)
  const folder = mkdtempSync(join(tmpdir(), 'funes-readme-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG))
    writeFileSync(join(folder, 'program.ts'), programOf(snippets))
    const said = await new Promise<string>((resolve) =>
      execFile(process.execPath, [TSC, '-p', folder], (_, stdout, stderr) => resolve(stdout + stderr)),
    )
    expect(said).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)
