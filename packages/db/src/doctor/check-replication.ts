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

/** What is to be said of a server's replicas, and of its being one. */
export function judgeReplication(
  recovery: RecoveryFacts,
  replicas: readonly ReplicaFact[],
  slots: readonly SlotFact[],
): DoctorFinding[] {
  const findings: DoctorFinding[] = []
  if (recovery.inRecovery) {
    const lag =
      recovery.lagMs === null
        ? 'It has replayed all that it has received.'
        : `It is ${duration(recovery.lagMs)} behind.`
    findings.push(
      found('warning', 'replication.replica', 'This is a replica: nothing can be written', lag, {
        text: 'Give createFunes the url of the primary; a replica serves searches alone.',
      }),
    )
    if ((recovery.lagMs ?? 0) > MAX_LAG_MS) {
      findings.push(
        found(
          'warning',
          'replication.lag',
          `This replica is ${duration(recovery.lagMs ?? 0)} behind`,
          'Searches do not find what was added since.',
          {
            sql: 'select * from pg_stat_wal_receiver;',
          },
        ),
      )
    }
  }
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
  for (const { name, retainedBytes } of slots) {
    if ((retainedBytes ?? 0) < MAX_RETAINED_BYTES) continue
    findings.push(
      found(
        'warning',
        'replication.slot',
        `Nobody reads the replication slot ${name}`,
        `The server keeps ${size(retainedBytes ?? 0)} of log for it, and more with every write, until the disk is full.`,
        { sql: `select pg_drop_replication_slot(${sqlText(name)});` },
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
