import { execFile, spawn } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)

/** A server that follows another one. */
export interface Replica {
  readonly url: string
  remove(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/**
 * Makes a streaming replica of a private server on this machine.
 *
 * @param slot the replication slot to make and use
 */
export async function startReplica(primary: string, slot: string): Promise<Replica> {
  const client = new pg.Client({ connectionString: primary })
  await client.connect()
  const { rows } = await client.query(
    "select setting as data, (select setting from pg_config() where name = 'BINDIR') as bin from pg_settings where name = 'data_directory'",
  )
  await client.end()
  const [{ data, bin }] = rows as [{ data: string; bin: string }]
  // Run by whoever runs the primary: it refuses to be run by root.
  const { uid, gid } = statSync(data)
  const account = process.getuid?.() === 0 ? { uid, gid } : {}
  const dir = mkdtempSync(join(tmpdir(), 'funes-replica-'))
  if ('uid' in account) chownSync(dir, uid, gid)
  const folder = join(dir, 'data')
  mkdirSync(folder, { mode: 0o700 })
  if ('uid' in account) chownSync(folder, uid, gid)
  const port = await freePort()
  const url = new URL(primary)
  const from = new URL(primary)
  from.pathname = ''
  await run(
    join(bin, 'pg_basebackup'),
    ['-d', from.toString(), '-D', folder, '-R', '-C', '-S', slot, '-X', 'stream', '-c', 'fast', '--no-sync'],
    { ...account, cwd: dir },
  )
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c hot_standby_feedback=on -c wal_retrieve_retry_interval=200ms`
  const control = (args: string[]) =>
    new Promise<void>((resolve, reject) => {
      // Its output is not read: the server would inherit the pipe and hold it open for its whole life.
      const child = spawn(join(bin, 'pg_ctl'), [...args, '-D', folder, '-w'], {
        ...account,
        cwd: dir,
        stdio: 'ignore',
      })
      child.once('error', reject)
      child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`pg_ctl ${args[0]}: ${code}`))))
    })
  await control(['start', '-l', join(dir, 'log'), '-o', options])
  url.port = String(port)
  return {
    url: url.toString(),
    async remove() {
      await control(['stop', '-m', 'immediate'])
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
