import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createFunes } from '../src/index.js'
import { whyAbsent } from './at-hand.js'
import { emptyServerDatabase } from './engines.js'
import { random, randomVector } from './vectors.js'

const run = promisify(execFile)

/** Where the server's own programs are; undefined where they are not on this machine. */
function programs(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(b) - Number(a)) : []
  return [...versions.map((version) => join(root, version, 'bin')), '/usr/bin', '/usr/local/bin'].find(
    (folder) => ['pg_dump', 'pg_restore'].every((program) => existsSync(join(folder, program))),
  )
}

const bin = programs()
const reason = whyAbsent('pg_dump with pg_restore', bin !== undefined)

describe.skipIf(!process.env.FUNES_TEST_DATABASE_URL || reason !== undefined)('a backup by pg_dump', () => {
  it('is restored by a role that is no superuser, and then migrated, indexed, and searched with equal results', async () => {
    const [from, to] = [await emptyServerDatabase(), await emptyServerDatabase()]
    const folder = mkdtempSync(join(tmpdir(), 'funes-backup-'))
    const file = join(folder, 'funes.dump')
    const next = random(8)
    const role = `funes_restored_${process.pid}`
    const source = await createFunes({ url: from.url, model: 'm' })
    await source.migrate()
    await source.models.register({ name: 'm', dimensions: 16 })
    await source.memories.load(
      Array.from({ length: 800 }, (_, i) => ({
        userId: `u${i % 2}`,
        content: `memory number ${i} of the harbour`,
        metadata: { i },
        embedding: randomVector(next, 16),
      })),
    )

    await run(join(bin as string, 'pg_dump'), ['--format=custom', `--file=${file}`, from.url])
    const target = new URL(to.url)
    const admin = await createFunes({ url: to.url })
    await admin.prisma.$executeRawUnsafe('create extension vector')
    await admin.prisma.$executeRawUnsafe(`create role ${role} login password 'x'`)
    await admin.prisma.$executeRawUnsafe(`alter database ${target.pathname.slice(1)} owner to ${role}`)
    target.username = role
    target.password = 'x'
    const options = ['--no-owner', '--no-comments', '--exit-on-error', `--dbname=${target}`]
    await run(join(bin as string, 'pg_restore'), [...options, file])
    const restored = await createFunes({ url: target.toString(), model: 'm' })
    await restored.prisma.$executeRawUnsafe('analyze')

    expect((await restored.migrate()).applied).toEqual([])
    const report = await restored.doctor()
    expect(report.findings.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(await restored.models.list()).toEqual(await source.models.list())
    const questions = Array.from({ length: 20 }, () => randomVector(next, 16))
    for (const [i, embedding] of questions.entries()) {
      const asked = i % 2 === 0 ? { scope: 'all-users' as const } : { userId: 'u1' }
      const question = { ...asked, embedding, k: 10, accuracy: 'exact' as const }
      expect(await restored.memories.search(question)).toEqual(await source.memories.search(question))
    }
    const words = { userId: 'u1', text: 'harbour number 77', mode: 'text' as const }
    expect(await restored.memories.search(words)).toEqual(await source.memories.search(words))
    await restored.memories.add({ userId: 'u1', content: 'after', embedding: questions[0] as Float32Array })

    await Promise.all([restored.close(), admin.close()])
    await to.drop()
    await source.prisma.$executeRawUnsafe(`drop role ${role}`)
    await source.close()
    await from.drop()
    rmSync(folder, { recursive: true })
  })
})
