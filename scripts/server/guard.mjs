// Waits until its standard input is closed, which happens when the process that started it ends in any way,
// then stops the server in the folder named by its argument and removes the folder.

import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readCluster, removeCluster, stopCluster } from './cluster.mjs'

const dir = process.argv[2]
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

for await (const _ of process.stdin);
if (readCluster(dir)) {
  // A server that was being launched when its owner died comes up a moment later.
  await stopCluster(dir)
  await sleep(500)
  await removeCluster(dir)
} else {
  rmSync(dir, { recursive: true, force: true })
}
