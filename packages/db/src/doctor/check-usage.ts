import { selectUsageBacklog, selectUsageRights, type UsageBacklog } from '../sql/tool-usage-upkeep.js'
import type { Check } from './check.js'
import { type DoctorFinding, found, ok } from './finding.js'

/** As many as one step adds up: processes that record begin to long before. */
const MAX_DELTAS = 20_000
/** Fewer rows without a week are not worth a word. */
const MAX_STRAYS = 10_000

/** What is to be said of how usages of tools have been kept. */
export function judgeUsage({ deltas, strays }: UsageBacklog): DoctorFinding[] {
  const findings: DoctorFinding[] = []
  if (deltas > MAX_DELTAS) {
    findings.push(
      found(
        'warning',
        'usage.deltas',
        'Changes of usages have not been added up for long',
        `More than ${MAX_DELTAS} stand in tool_usage_deltas, and every question about usages reads them.`,
        {
          sql: `select tool_usage_fold(${MAX_DELTAS});`,
          text: 'Repeat it until it answers 0, or call `tools.sweepUsage()`. Roles that record need the right to execute tool_usage_fold.',
        },
      ),
    )
  }
  if (strays > MAX_STRAYS) {
    findings.push(
      found(
        'warning',
        'usage.strays',
        'Usages of tools wait for their weeks',
        `More than ${MAX_STRAYS} rows stand in the default partition, which cannot be dropped by age as weeks are.`,
        {
          text: 'Call `tools.sweepUsage()` as the owner of the tables. Roles that record need the right to execute tool_usage_make_partitions.',
        },
      ),
    )
  }
  return findings
}

export const checkUsage: Check = {
  id: 'usage',
  title: 'Usages of tools',
  needsTables: true,
  async run({ executor }) {
    const [rights] = await executor.run(selectUsageRights)
    if (!rights?.mayRead)
      return [ok('usage', 'Totals of usages are not for this role', 'Nothing was looked at.')]
    const [backlog] = await executor.run(selectUsageBacklog(MAX_DELTAS, MAX_STRAYS))
    const findings = judgeUsage(backlog as UsageBacklog)
    return findings.length > 0 ? findings : [ok('usage', 'Usages of tools are added up')]
  },
}
