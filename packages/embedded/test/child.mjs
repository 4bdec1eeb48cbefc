// A process of its own for tests: opens the directory given and does what it is told.
import { createEmbeddedPool } from '../dist/index.js'

const [, , dataDir, task] = process.argv
const say = (line) => process.stdout.write(`${line}\n`)
process.on('warning', (warning) => say(`warning: ${warning.name}`))

const tasks = {
  hold() {
    setInterval(() => {}, 1000)
  },
  async write(pool) {
    await pool.query('create table if not exists written (id int primary key, filler text)')
    const { rows } = await pool.query('select coalesce(max(id), 0) as last from written')
    for (let id = rows[0].last + 1; ; id++) {
      await pool.query('insert into written values ($1, $2)', [id, 'x'.repeat(500)])
      say(id)
    }
  },
  // The process has nothing more to do, and ends without having called end().
  async forget(pool) {
    await pool.query('create table forgotten as select 1 as x')
  },
  // The same in the middle of a transaction, with a client that is never released.
  async abandon(pool) {
    const client = await pool.connect()
    await client.query('begin; create table abandoned (x int)')
  },
  async exit(pool) {
    await pool.query('create table forgotten as select 1 as x')
    process.exit(7)
  },
  async throw() {
    setTimeout(() => {
      throw new Error('on purpose')
    })
  },
  // A host with a signal handler of its own, which ends the pool and goes on to an exit code of its own.
  async 'own handler'(pool) {
    process.once('SIGINT', async () => {
      await pool.end()
      say('ended')
      process.exitCode = 3
      clearInterval(busy)
    })
    const busy = setInterval(() => {}, 1000)
    say('ready')
  },
  async 'many pools'(pool) {
    const pools = [pool]
    const listeners = process.listenerCount('exit')
    for (let i = 0; i < 2; i++) pools.push(await createEmbeddedPool({ dataDir: `${dataDir}-${i}` }))
    say(process.listenerCount('exit') - listeners)
    await Promise.all(pools.map((each) => each.end()))
    say(process.listenerCount('exit') - listeners)
  },
}

try {
  const pool = await createEmbeddedPool({ dataDir })
  say('open')
  await tasks[task](pool)
} catch (error) {
  say(error.code ?? error)
}
