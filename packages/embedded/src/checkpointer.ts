import { endsIdle } from './wire.js'

const RUNS_BETWEEN_LOOKS = 256
const MAX_WAL_BYTES = 64 * 1024 * 1024

const CHECKPOINT_IF_DUE = `do $$ begin
  if pg_catalog.pg_wal_lsn_diff(
    pg_catalog.pg_current_wal_insert_lsn(), (pg_catalog.pg_control_checkpoint()).redo_lsn
  ) > ${MAX_WAL_BYTES} then
    checkpoint;
  end if;
end $$`

/** Does what a server's checkpointer process does: without one the write-ahead log grows for ever. */
export interface Checkpointer {
  /** Call it with each answer. */
  afterRun(answer: Buffer): Promise<void>
}

export function createCheckpointer(run: (sql: string) => Promise<void>): Checkpointer {
  let runs = 0
  return {
    async afterRun(answer) {
      runs += 1
      if (runs < RUNS_BETWEEN_LOOKS || !endsIdle(answer)) return
      runs = 0
      await run(CHECKPOINT_IF_DUE)
    },
  }
}
