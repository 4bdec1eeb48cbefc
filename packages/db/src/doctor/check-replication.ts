import {
  type RecoveryFacts,
  type ReplicaFact,
  type SlotFact,
  selectIdleSlots,
  selectRecovery,
  selectReplicas,
} from '../sql/doctor-server.js'
import type { Check } from './check.js'
import { type DoctorFinding, duration, found, ok, size } from './finding.js'

const MAX_LAG_MS = 10_000
const MAX_LAG_BYTES = 64 << 20
const MAX_RETAINED_BYTES = 1 << 30

const sqlText = (text: string) => `'${text.replaceAll("'", "''")}'`

/** What is to be said of a server's being a replica. */
function judgeReplica(recovery: RecoveryFacts): DoctorFinding[] {
  const { inRecovery, lagMs, lastReplayedMs, isReceiving, hasArchive, isPaused } = recovery
  if (!inRecovery) return []
  const last = lastReplayedMs === null ? 'none yet' : `${duration(lastReplayedMs)} ago`
  const seen = isReceiving
    ? lagMs === null
      ? 'It has replayed all that it has received, and is connected to the server that it follows.'
      : `It is ${duration(lagMs)} behind.`
    : `It is not connected to the server that it follows. The last transaction that it replayed: ${last}.`
  const findings = [
    found('warning', 'replication.replica', 'This is a replica: nothing can be written', seen, {
      text: 'Give createFunes the url of the primary; a replica serves searches alone.',
    }),
  ]
  if (!isReceiving) {
    findings.push(
      found(
        hasArchive ? 'warning' : 'error',
        'replication.disconnected',
        'This replica receives nothing',
        `No receiver of the log runs${hasArchive ? ': it lives on what the archive has, which comes late' : ''}. The last transaction that it replayed: ${last}. Searches find nothing that was added since.`,
        {
          sql: 'show primary_conninfo; show primary_slot_name; select * from pg_stat_wal_receiver;',
          text: 'Look whether the primary is reached from here and lets this replica in, and whether its slot is there: the log of this server says what failed. What the primary no longer keeps takes a new pg_basebackup.',
        },
      ),
    )
  }
  if (isPaused) {
    findings.push(
      found(
        'warning',
        'replication.paused',
        'This replica does not replay what it receives',
        'Somebody has paused it. Searches find nothing that was added since.',
        { sql: 'select pg_wal_replay_resume();' },
      ),
    )
  }
  if (isReceiving && (lagMs ?? 0) > MAX_LAG_MS) {
    findings.push(
      found(
        'warning',
        'replication.lag',
        `This replica is ${duration(lagMs ?? 0)} behind`,
        'Searches do not find what was added since.',
        { sql: 'select * from pg_stat_wal_receiver;' },
      ),
    )
  }
  return findings
}

/** What is to be said of a server's replicas, and of its being one. */
export function judgeReplication(
  recovery: RecoveryFacts,
  replicas: readonly ReplicaFact[],
  slots: readonly SlotFact[],
): DoctorFinding[] {
  const findings: DoctorFinding[] = judgeReplica(recovery)
  for (const { name, state, lagMs, lagBytes } of replicas) {
    const isLate = (lagMs ?? 0) > MAX_LAG_MS || (lagBytes ?? 0) > MAX_LAG_BYTES
    const figures = [
      ...(lagMs === null ? [] : [duration(lagMs)]),
      ...(lagBytes === null ? [] : [size(lagBytes)]),
    ].join(', ')
    if (isLate) {
      findings.push(
        found(
          'warning',
          'replication.lag',
          `The replica ${name} is behind: ${figures}`,
          `Its state is ${state ?? 'unknown'}. Searches there do not find what was added since.`,
          {
            sql: 'select application_name, state, replay_lag, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) from pg_stat_replication;',
            text: 'Look at the disk and the network of the replica, and at long queries there, which hold replay up.',
          },
        ),
      )
    } else {
      const seen =
        state === null
          ? 'Its state is not for this role to see: grant it pg_monitor.'
          : `${state}; ${figures || 'no lag'}.`
      findings.push(ok('replication', `The replica ${name} keeps up`, seen))
    }
  }
  for (const { name, retainedBytes, isLost } of slots) {
    const drop = { sql: `select pg_drop_replication_slot(${sqlText(name)});` }
    if (isLost) {
      findings.push(
        found(
          'error',
          'replication.slot-lost',
          `What the replication slot ${name} still needs is gone`,
          'Whoever read it cannot go on: the server kept no more for it than max_slot_wal_keep_size.',
          { ...drop, text: 'Then make the replica anew with pg_basebackup.' },
        ),
      )
      continue
    }
    const isMuch = (retainedBytes ?? 0) >= MAX_RETAINED_BYTES
    const kept =
      retainedBytes === null
        ? 'The server keeps the log for it'
        : `The server keeps ${size(retainedBytes)} of log for it, and more with every write, until the disk is full`
    findings.push(
      found(
        isMuch ? 'warning' : 'info',
        'replication.slot',
        `Nobody reads the replication slot ${name}`,
        `${kept}. A replica that used it is not connected.`,
        { ...drop, text: 'Only if that replica does not come back.' },
      ),
    )
  }
  return findings.length > 0
    ? findings
    : [ok('replication', 'There are no replicas, and nothing waits for one')]
}

export const checkReplication: Check = {
  id: 'replication',
  title: 'Replication',
  notEmbedded: 'the embedded engine has no replicas',
  async run({ executor }) {
    const [recovery] = await executor.run(selectRecovery)
    if (!recovery) return []
    return judgeReplication(recovery, await executor.run(selectReplicas), await executor.run(selectIdleSlots))
  },
}
