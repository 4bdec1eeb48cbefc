import type { CallOptions } from '../call-options.js'
import type { Calls } from '../calls.js'
import type { Executor } from '../engine/executor.js'
import { toolNotFound } from '../tools/errors.js'
import type { Tools } from '../tools/tools.js'
import { reportUsage } from '../tools/usage/report.js'
import type { RecordUsage, UsageQuery, UsageReport } from '../tools/usage/types.js'
import type { KeepUp } from '../tools/usage/usage.js'
import { newUsage, writeUsages } from '../tools/usage/write.js'

/** Tools as a scope has them: the registry is everybody's and is not changed here, usages are the scope's own. */
export interface ScopedTools<Usage, Query> extends Pick<Tools, 'select' | 'get' | 'list' | 'validateCall'> {
  /**
   * Stores how a call of a tool went, and answers when it is stored: a queue would mix users, which a scope keeps apart. It throws,
   * so an agent's call that must not fail for it catches that.
   *
   * @throws `TOOL.NOT_FOUND`, `INPUT.INVALID`, `TENANCY.FOREIGN_USER`
   */
  recordUsage(usage: Usage & CallOptions): Promise<void>
  /**
   * What the usages of this scope come to, counted from their rows.
   *
   * @throws `TOOL.NOT_FOUND`, `INPUT.INVALID`
   */
  usage(query?: Query): Promise<UsageReport>
}

type UsageParts = Pick<ScopedTools<RecordUsage, UsageQuery>, 'recordUsage' | 'usage'>

/** Usages through what runs a scope's statements. Totals are everybody's, so only rows are counted. */
export function scopedTools(
  tools: Tools,
  executor: Executor,
  calls: Pick<Calls, 'over'>,
  keepUp: KeepUp,
): ScopedTools<RecordUsage, UsageQuery> {
  const { select, get, list, validateCall } = tools
  const within = { run: executor.run, isInTransaction: () => true, isScoped: true }
  const usage: UsageParts = calls.over('tools', {
    async recordUsage(given: RecordUsage) {
      const batch = [newUsage(given)]
      const { unknown } = await keepUp(batch, () => writeUsages(executor, batch, { isShared: false }))
      if (unknown > 0) throw toolNotFound(given.tool, given.version)
    },
    usage: async (query: UsageQuery = {}) => reportUsage(within, { ...query, exact: true }),
  })
  return { select, get, list, validateCall, ...usage }
}
