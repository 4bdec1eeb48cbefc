// Makes data/tool-catalogue.jsonl anew: installs published MCP servers from npm, without their scripts and outside of the
// workspace, asks each of them over stdio for its tools, and writes them down as they are. The servers get made-up keys: the
// list of tools is all that is asked of them.
//
//   node scripts/tool-catalogue.mjs <folder to install into>
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { SERVERS } from './tool-servers.mjs'

const OUT = fileURLToPath(new URL('../data/tool-catalogue.jsonl', import.meta.url))
const NOTICE = fileURLToPath(new URL('../data/tool-catalogue.md', import.meta.url))
const TIMEOUT_MS = 40_000

/** Runs a program to its end. */
function run(command, args, options) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    child.on('error', failed)
    child.on('exit', (code) => (code === 0 ? done() : failed(new Error(`${command} ended with ${code}`))))
  })
}

/** Asks a server for all of its tools, page by page. */
function askForTools({ command, args, env }) {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH, HOME: process.cwd(), ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const tools = []
  let id = 0
  const send = (method, params) =>
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })}\n`)
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error('no answer in time')), TIMEOUT_MS)
    child.on('error', failed)
    child.on('exit', (code) => failed(new Error(`ended with ${code}`)))
    child.stdin.on('error', failed)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return
      const { id: of, result, error } = JSON.parse(line)
      if (of === undefined || of === null) return
      if (error) return failed(new Error(error.message))
      if (result?.serverInfo) {
        child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
        return send('tools/list', {})
      }
      tools.push(...(result?.tools ?? []))
      if (result?.nextCursor) return send('tools/list', { cursor: result.nextCursor })
      clearTimeout(timer)
      done(tools)
    })
    send('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'catalogue', version: '1.0.0' },
    })
  }).finally(() => child.kill('SIGKILL'))
}

/** What a server says of the machine that it happened to run on is no part of its tools. */
function ofTheTool(text) {
  return text
    ?.replace(/\n*🐳 DOCKER CONTAINER ENVIRONMENT DETECTED:[\s\S]*?\nContainer: .*\n/u, '\n')
    .replace(/\n+🐳 DOCKER: [^\n]*\nWhen users ask about file locations[^\n]*/gu, '')
    .replace('Running on Linux (Docker).', 'Running on Linux.')
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** The copyright line of a package's licence. */
function copyrightOf(folder) {
  const name = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file))
  const text = name === undefined ? '' : readFileSync(join(folder, name), 'utf8')
  return /^\s*(copyright (?:\(c\)|©|[0-9]).*)$/im.exec(text)?.[1]?.trim() ?? null
}

const folder = resolve(process.argv[2] ?? '.cache/tool-servers')
const lines = []
const sources = []
for (const server of SERVERS) {
  const home = join(folder, server.prefix)
  mkdirSync(home, { recursive: true })
  const installed = join(home, 'node_modules', server.package)
  if (!existsSync(installed)) {
    writeFileSync(join(home, 'package.json'), '{ "private": true }')
    const spec = `${server.package}@${server.version}`
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', spec], { cwd: home }).catch(
      () => {},
    )
  }
  try {
    const { version, license, bin } = readJson(join(installed, 'package.json'))
    const entry = server.bin ?? (typeof bin === 'string' ? bin : Object.values(bin)[0])
    const args = [join(installed, entry), ...(server.args ?? [])]
    const tools = await askForTools({ command: process.execPath, args, env: server.env ?? {} })
    for (const { name, description, inputSchema } of tools) {
      lines.push(
        JSON.stringify({ server: server.prefix, name, description: ofTheTool(description), inputSchema }),
      )
    }
    sources.push({ ...server, version, license, copyright: copyrightOf(installed), tools: tools.length })
    console.error(`${server.package}@${version}: ${tools.length} tools`)
  } catch (error) {
    console.error(`${server.package}: ${error.message}`)
  }
}
mkdirSync(dirname(OUT), { recursive: true })
writeFileSync(OUT, `${lines.join('\n')}\n`)
const row = (cells) => `| ${cells.join(' | ')} |`
const table = sources.map((one) =>
  row([one.prefix, one.package, one.version, one.tools, one.license, one.copyright ?? '']),
)
writeFileSync(
  NOTICE,
  `# The catalogue of tools

\`tool-catalogue.jsonl\`: what published MCP servers answer to \`tools/list\`, names, descriptions and schemas as they are (but for what one of them says of the machine that it runs on), one tool a line. Made by \`scripts/tool-catalogue.mjs\`.
They belong to their authors, under the licences named here, which are those of the packages on npm.

${row(['server', 'package', 'version', 'tools', 'licence', 'copyright'])}
${row(Array(6).fill('---'))}
${table.join('\n')}
`,
)
console.error(`${lines.length} tools`)
