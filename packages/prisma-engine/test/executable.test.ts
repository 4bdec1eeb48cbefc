import { spawn, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { schemaEnginePath } from '../src/index.js'

const run = (...args: string[]) => spawnSync(schemaEnginePath(), args, { encoding: 'utf8' })

test('the path is that of a program that may be executed', () => {
  expect(schemaEnginePath()).toMatch(/dist[/\\]cli\.js$/)
  expect(statSync(schemaEnginePath()).mode & 0o111).toBe(0o111)
})

test('it tells the commit it was built from', () => {
  const { stdout, status } = run('--version')
  expect(stdout).toMatch(/^schema-engine-cli [0-9a-f]{40}\n$/)
  expect(status).toBe(0)
})

test('an error of a command is a line of JSON after a first one, with Prisma code and status 1', () => {
  const datasource = JSON.stringify({ url: 'postgresql://a:b@127.0.0.1:1/c' })
  const { stderr, stdout, status } = run('--datasource', datasource, 'cli', 'can-connect-to-database')
  const [, ...lines] = stderr.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      timestamp: expect.any(String),
      level: 'ERROR',
      target: 'schema_engine::logger',
      fields: {
        is_panic: false,
        error_code: 'P1001',
        message: expect.stringContaining("Can't reach database server"),
      },
    },
  ])
  expect({ stdout, status }).toEqual({ stdout: '', status: 1 })
})

test('requests in a pipe are all answered before it ends', async () => {
  const engine = spawn(schemaEnginePath(), [
    '--datasource',
    JSON.stringify({ url: 'postgresql://a:b@127.0.0.1:1/c' }),
  ])
  let output = ''
  engine.stdout.on('data', (chunk) => {
    output += chunk
  })
  const lines = [
    { jsonrpc: '2.0', id: 1, method: 'getDatabaseVersion' },
    { jsonrpc: '2.0', id: 2, method: 'introspectSql', params: {} },
    {
      jsonrpc: '2.0',
      id: 3,
      method: 'getDatabaseVersion',
      params: { datasource: { tag: 'ConnectionString', url: 'x' } },
    },
  ]
  engine.stdin.end(`${lines.map((line) => JSON.stringify(line)).join('\n')}\nno json\n`)
  const status = await new Promise((resolve) => engine.on('close', resolve))
  expect(status).toBe(0)
  const answers = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(answers.map(({ id, error }) => [id, error.data?.error_code ?? error.message])).toEqual([
    [null, 'Parse error'],
    [1, 'P1001'],
    [2, 'An error happened. Check the data field for details.'],
    [3, 'P1013'],
  ])
})
