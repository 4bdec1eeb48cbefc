// Declarations by tsc, code by esbuild. @funes/embedded is taken into the bundle, as a chunk of its own that is loaded
// only by who uses it, so that @funes/db installs as one package; everything else stays a dependency.
import { execFileSync } from 'node:child_process'
import { copyFileSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
await build({
  absWorkingDir: root,
  entryPoints: ['src/index.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  alias: { '@funes/embedded': fileURLToPath(new URL('../../embedded/src/index.ts', import.meta.url)) },
  sourcemap: true,
  logLevel: 'warning',
})
// The empty cluster that the embedded engine starts from, which it looks for beside its code.
const embedded = new URL('../../embedded/dist/', import.meta.url)
for (const name of readdirSync(embedded)) {
  if (name.startsWith('cluster-'))
    copyFileSync(new URL(name, embedded), new URL(`../dist/${name}`, import.meta.url))
}
