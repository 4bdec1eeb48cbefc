import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { durabilityWarnings } from '../src/run/environment.js'
import { commitOf, packageVersions, peerVersions } from '../src/run/provenance.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'funes-provenance-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('commit', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim()

  test('is that of the folder, marked when the tree has more than it', () => {
    git('init')
    git('commit', '--allow-empty', '--no-gpg-sign', '-m', 'first')
    const head = git('rev-parse', 'HEAD')
    expect(commitOf(folder)).toBe(head)
    writeFileSync(join(folder, 'new.ts'), '')
    expect(commitOf(folder)).toBe(`${head}-dirty`)
  })

  test('is null where there is no repository', () => {
    expect(commitOf(join(folder, 'nowhere'))).toBeNull()
  })
})

describe('versions', () => {
  test('tell the clients and the embedded engine', () => {
    const versions = packageVersions()
    for (const name of ['pg', '@prisma/client', 'pgvector', '@electric-sql/pglite']) {
      expect(versions[name], name).toMatch(/^\d+\.\d+\.\d+/)
    }
  })

  test('tell of the peers those that are installed', () => {
    const manifest = { dependencies: { '@mastra/pg': '1.0.0', '@langchain/core': '1.0.0' } }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    expect(peerVersions(folder)).toEqual({})
    mkdirSync(join(folder, 'node_modules/@mastra/pg'), { recursive: true })
    writeFileSync(join(folder, 'node_modules/@mastra/pg/package.json'), '{ "version": "1.2.3" }')
    expect(peerVersions(folder)).toEqual({ 'peers: @mastra/pg': '1.2.3' })
  })
})

test('settings that let a crash lose what was stored are warned of', () => {
  expect(durabilityWarnings({ settings: { fsync: 'on', synchronous_commit: 'on' } })).toEqual([])
  expect(durabilityWarnings({ settings: { fsync: 'off', synchronous_commit: 'off' } })).toHaveLength(2)
})
