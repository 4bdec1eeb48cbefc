import type { Funes } from '@funes/db'
import type { Mode } from '../arguments.js'
import type { SeedRow } from '../datasets/dataset.js'
import { createOwners, type Query } from './owners.js'
import { ADVANCE } from './runs.js'

/** Stores a batch whole or not at all, and counts it in the same transaction. */
export type StoreBatch = (rows: readonly SeedRow[]) => Promise<void>

export interface StoreOptions {
  funes: Funes
  run: string
}

const toMemory = ({ sessionId, ...row }: SeedRow) => (sessionId === null ? row : { ...row, sessionId })

function storeByCopy({ funes, run }: StoreOptions): StoreBatch {
  const owners = createOwners(run)
  return async (rows) => {
    let sessions = 0
    await funes.memories.load(rows.map(toMemory), {
      batchSize: rows.length,
      async beforeBatch(client) {
        sessions = await owners.store(async (text, values) => (await client.query(text, values)).rows, rows)
      },
      async withBatch(client) {
        await client.query(ADVANCE, [run, rows.length, sessions])
      },
    })
    owners.keep(rows)
  }
}

const TRANSACTION_TIMEOUT_MS = 3_600_000

/** As an application stores them: through the public calls, with every index in place. */
function storeByInsert({ funes, run }: StoreOptions): StoreBatch {
  const owners = createOwners(run)
  return async (rows) => {
    await funes.transaction(
      async (tx) => {
        const query: Query = (text, values) => tx.prisma.$queryRawUnsafe<unknown[]>(text, ...values)
        const sessions = await owners.store(query, rows)
        await tx.memories.addMany(rows.map(toMemory))
        await query(ADVANCE, [run, rows.length, sessions])
      },
      { timeoutMs: TRANSACTION_TIMEOUT_MS },
    )
    owners.keep(rows)
  }
}

export function createStore(mode: Mode, options: StoreOptions): StoreBatch {
  return mode === 'copy' ? storeByCopy(options) : storeByInsert(options)
}
