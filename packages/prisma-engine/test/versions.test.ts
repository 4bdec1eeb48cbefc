import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { engineCommit } from '../src/schema-engine.js'

/** The version of `name` as the package at `from` sees it. */
function installed(name: string, from: string): { version: string; path: string } {
  const path = createRequire(from).resolve(`${name}/package.json`)
  return { path, version: (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version }
}

test("the WebAssembly engine is the build that the installed Prisma's own engines are of", () => {
  const prisma = installed('prisma', import.meta.url)
  const enginesVersion = installed('@prisma/engines-version', installed('@prisma/engines', prisma.path).path)
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const wasm = JSON.parse(readFileSync(join(dirname(entry), 'package.json'), 'utf8')) as { version: string }
  expect(wasm.version, 'Move prisma and @prisma/schema-engine-wasm in pnpm-workspace.yaml together.').toBe(
    enginesVersion.version,
  )
  expect(wasm.version.endsWith(engineCommit())).toBe(true)
})

test('the adapter is of the same release as the CLI', () => {
  const adapter = JSON.parse(
    readFileSync(new URL('../node_modules/@prisma/adapter-pg/package.json', import.meta.url), 'utf8'),
  ) as { version: string }
  expect(adapter.version).toBe(installed('prisma', import.meta.url).version)
})
