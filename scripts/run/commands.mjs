import { existsSync } from 'node:fs'
import { foreground } from '../child-process.mjs'
import { installDependencies } from './dependencies.mjs'
import { toolEnvironment } from './environment.mjs'
import { runTests } from './test.mjs'
import { runTrust } from './trust.mjs'
import { build } from './turbo.mjs'

const DEMO = 'apps/demo/dist/main.js'

async function demo(args) {
  const ready = (await installDependencies()) || (await build(['--filter=@funes/demo...']))
  if (ready !== 0) return ready
  if (!existsSync(DEMO)) throw new Error(`The build left no ${DEMO}.`)
  return foreground(process.execPath, [DEMO, ...args], { env: toolEnvironment() })
}

async function test(args) {
  return (await installDependencies()) || (await build()) || (await runTests(args))
}

async function trust(args) {
  return (await installDependencies()) || (await build()) || (await runTrust(args))
}

/** The commands by name; each takes the command line's further arguments and returns an exit code. */
export const commands = {
  install: () => installDependencies(),
  setup: async () => (await installDependencies()) || (await build()),
  build: async (args) => (await installDependencies()) || (await build(args)),
  demo,
  test,
  trust,
}
