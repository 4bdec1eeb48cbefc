// What `npm run setup|build|demo` and `npm test` do in a fresh clone, with nothing but Node and npm on the machine.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

// Checked before anything else is loaded: an older Node would fail on the rest with a syntax error.
const [major, minor] = process.versions.node.split('.').map(Number)
const supported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24
if (!supported) {
  console.error(
    `Funes needs Node 20.19 or newer, 22.12 or newer, or 24 and up. This is Node ${process.versions.node}.`,
  )
  process.exit(1)
}

// npm hands a signal to the shell that it runs this with, and most shells end without passing it on.
if (process.env.npm_lifecycle_event) {
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 500).unref()
}

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))
const { commands } = await import('./run/commands.mjs')
const [command, ...args] = process.argv.slice(2)
if (!Object.hasOwn(commands, command ?? '')) {
  console.error(`Usage: node scripts/run.mjs ${Object.keys(commands).join('|')} [arguments]`)
  process.exit(1)
}
try {
  process.exitCode = await commands[command](args)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
