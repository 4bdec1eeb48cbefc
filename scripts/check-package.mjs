// Proves that @funes/db, packed as it would be published, works in an empty npm project outside the repository: the
// program of the README runs on plain node, and a strict TypeScript project compiles against its types.
import { equal, ok } from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readmeProgram } from './checks/readme-program.mjs'
import { capture } from './child-process.mjs'
import { toolEnvironment } from './run/environment.mjs'
import { npmCommand } from './run/npm.mjs'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const PNPM = resolve('node_modules/pnpm/bin/pnpm.cjs')
const TSC = resolve('node_modules/typescript/bin/tsc')
const TSCONFIG = {
  compilerOptions: {
    ...{ target: 'es2023', lib: ['es2024', 'esnext.disposable'], module: 'nodenext', types: ['node'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ noEmit: true, skipLibCheck: false },
  },
}

const installedVersion = (name) =>
  JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version

/** As a consumer has it: nothing of this repository on the PATH, no setting of Funes. */
function consumerEnvironment() {
  const mine = /^(FUNES_|DATABASE_URL|SHADOW_DATABASE_URL|PRISMA_|NODE_PATH)/
  const env = Object.fromEntries(Object.entries(toolEnvironment()).filter(([name]) => !mine.test(name)))
  return { ...env, PATH: process.env.PATH }
}

async function installPacked(folder) {
  await capture(process.execPath, [PNPM, 'pack', '--pack-destination', folder], { cwd: 'packages/db' })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  ok(tarball, 'pnpm pack made no tarball.')
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n')
  const types = `@types/node@${installedVersion('@types/node')}`
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const [npm, args] = npmCommand('install', ...options, `./${tarball}`, types)
  await capture(npm, args, { cwd: folder, env: consumerEnvironment() })
  for (const file of ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts']) {
    ok(existsSync(join(folder, 'node_modules/@funes/db', file)), `The packed @funes/db has no ${file}.`)
  }
  console.log(`@funes/db packs and installs with npm alone (${tarball})`)
}

async function runProgram(folder, { program, output }) {
  writeFileSync(join(folder, 'program.mjs'), program)
  const printed = await capture(process.execPath, ['program.mjs'], {
    cwd: folder,
    env: consumerEnvironment(),
  })
  ok(printed.trim(), "The README's program printed nothing.")
  if (output !== undefined) equal(printed.trim(), output.trim(), 'The README shows another output than this.')
  console.log(`the README's program runs on plain node and prints\n${printed.trimEnd()}`)
}

async function compile(folder, { program, isTypeScript }) {
  copyFileSync('scripts/checks/consumer.ts', join(folder, 'consumer.ts'))
  if (isTypeScript) writeFileSync(join(folder, 'program.ts'), program)
  const files = isTypeScript ? ['consumer.ts', 'program.ts'] : ['consumer.ts']
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...TSCONFIG, files }))
  await capture(process.execPath, [TSC, '-p', folder], { cwd: folder })
  console.log('a strict TypeScript consumer compiles, declarations of dependencies included')
}

const folder = mkdtempSync(join(tmpdir(), 'funes-consumer-'))
try {
  const shown = readmeProgram('README.md')
  await installPacked(folder)
  await runProgram(folder, shown)
  await compile(folder, shown)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
