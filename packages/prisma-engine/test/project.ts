import { type ChildProcess, spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { schemaEnginePath } from '../src/index.js'

const MODULES = fileURLToPath(new URL('../node_modules', import.meta.url))
const require = createRequire(import.meta.url)
const PRISMA = join(dirname(require.resolve('prisma/package.json')), 'build/index.js')

const CONFIG = `
import { defineConfig } from 'prisma/config'
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.TEST_URL, shadowDatabaseUrl: process.env.TEST_SHADOW_URL },
})
`

/** What a finished program left behind. */
interface Outcome {
  readonly status: number | null
  /** Both streams, without colours. */
  readonly output: string
}

export interface Project {
  readonly folder: string
  /** Runs the real CLI to its end, with `env` besides the project's own. */
  prisma(args: readonly string[], options?: { env?: NodeJS.ProcessEnv; input?: string }): Promise<Outcome>
  /** Starts the CLI as the leader of a process group, as a terminal does. */
  start(
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
  ): { process: ChildProcess; outcome: Promise<Outcome> }
  write(path: string, text: string): void
  migration(name: string, sql: string): void
  migrations(): string[]
  read(path: string): string
  remove(): void
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  child.stderr?.on('data', (chunk) => {
    output += chunk
  })
  return new Promise((resolve) => {
    child.on('exit', (status) => {
      // Not "close": an engine that is still ending holds the pipes open.
      setImmediate(() => resolve({ status, output: stripVTControlCharacters(output) }))
    })
  })
}

/** A project in a folder of its own, with `env` for its CLI. */
export function createProject(env: NodeJS.ProcessEnv, schema: string): Project {
  const folder = mkdtempSync(join(tmpdir(), 'funes-project-'))
  symlinkSync(MODULES, join(folder, 'node_modules'))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  write('prisma.config.ts', CONFIG)
  write('prisma/schema.prisma', schema)
  const { FORCE_COLOR: _, ...inherited } = process.env
  const base = {
    ...inherited,
    NO_COLOR: '1',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    PRISMA_SCHEMA_ENGINE_BINARY: schemaEnginePath(),
    FUNES_DATA_DIR: join(folder, 'data'),
    ...env,
  }

  function start(args: readonly string[], more: NodeJS.ProcessEnv = {}, input?: string) {
    const child = spawn(process.execPath, [PRISMA, ...args], {
      cwd: folder,
      env: { ...base, ...more },
      detached: input === undefined,
    })
    child.stdin.end(input ?? '')
    return { process: child, outcome: outcomeOf(child) }
  }

  return {
    folder,
    prisma: (args, options = {}) => start(args, options.env, options.input).outcome,
    start,
    write,
    migration(name, sql) {
      write('prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n')
      write(`prisma/migrations/${name}/migration.sql`, sql)
    },
    migrations: () =>
      readdirSync(join(folder, 'prisma/migrations')).filter((name) => !name.endsWith('.toml')),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
