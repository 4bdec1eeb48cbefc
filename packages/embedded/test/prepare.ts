import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { createEmbeddedPool } from '../src/index.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A data directory with an empty database that was ended cleanly, to be copied. */
    preparedDir: string
  }
}

/** Makes one database for all test files: making a cluster costs several times as much as copying it. */
export default async function prepare(project: TestProject): Promise<() => void> {
  const dir = mkdtempSync(join(tmpdir(), 'funes-embedded-prepared-'))
  await (await createEmbeddedPool({ dataDir: join(dir, 'db') })).end()
  project.provide('preparedDir', join(dir, 'db'))
  return () => rmSync(dir, { recursive: true, force: true })
}
