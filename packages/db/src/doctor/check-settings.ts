import type { Executor } from '../engine/executor.js'
import { pgvectorFaults } from '../health/known-faults.js'
import { explainSearch } from '../indexes/search-plan.js'
import { exactUpTo } from '../models/effort.js'
import { createModels } from '../models/models.js'
import {
  type SettingFacts,
  selectExtensionFacts,
  selectSettingSources,
  selectSettings,
} from '../sql/doctor.js'
import { selectIndexes } from '../sql/indexes.js'
import type { Check } from './check.js'
import { type DoctorFinding, found, ok, size } from './finding.js'
import { changeSetting, type SettingPlaces } from './setting-place.js'

const MB = 1 << 20

/** What is judged, as the server calls it. */
const NAMES = [
  ...['maintenance_work_mem', 'shared_buffers', 'work_mem', 'max_parallel_maintenance_workers'],
  ...['random_page_cost', 'jit', 'autovacuum', 'enable_indexscan'],
]

/** Where the settings that are looked at get their values. */
export async function readPlaces(executor: Executor): Promise<SettingPlaces> {
  const rows = await executor.run(selectSettingSources(NAMES))
  return new Map(rows.map(({ name, ...place }) => [name, place]))
}

/** What the database holds that settings must be measured against. */
export interface Load {
  /** The largest vector index, and all of them, in bytes. */
  readonly largestIndex: number
  readonly allIndexes: number
  /** The costliest plan of a search, in the planner's units. */
  readonly searchCost: number
  /** Whether this pgvector must not build with several processes. */
  readonly mustBuildAlone: boolean
}

/** Rounded up to a size that people would write. */
function roundUp(bytes: number): string {
  const megabytes = 2 ** Math.ceil(Math.log2(Math.max(64, bytes / MB)))
  return megabytes >= 1024 ? `${megabytes / 1024}GB` : `${megabytes}MB`
}

/** What is to be said of a server's settings under such a load. */
export function judgeSettings(
  settings: SettingFacts,
  load: Load,
  places: SettingPlaces = new Map(),
): DoctorFinding[] {
  const { maintenanceWorkMem, sharedBuffers, workMem, parallelMaintenanceWorkers, randomPageCost } = settings
  const findings: DoctorFinding[] = []
  const change = (name: string, value: string | null) => changeSetting(name, value, places)
  if (load.largestIndex > maintenanceWorkMem) {
    findings.push(
      found(
        'warning',
        'settings.maintenance_work_mem',
        'maintenance_work_mem is smaller than the largest vector index',
        `${size(maintenanceWorkMem)}, and the index has ${size(load.largestIndex)}: past that, a build goes on many times slower.`,
        change('maintenance_work_mem', roundUp(load.largestIndex * 1.2)),
      ),
    )
  }
  if (load.allIndexes > sharedBuffers) {
    findings.push(
      found(
        'warning',
        'settings.shared_buffers',
        'shared_buffers is smaller than the vector indexes',
        `${size(sharedBuffers)}, and the indexes have ${size(load.allIndexes)}: a search jumps through all of an index, and reads from disk what is not held.`,
        {
          ...change('shared_buffers', roundUp(load.allIndexes * 1.2)),
          text: 'It takes effect when the server restarts. A quarter of the memory is the usual bound; past that, a smaller index: `hnsw-halfvec`, or `hnsw-bit`.',
        },
      ),
    )
  }
  if (parallelMaintenanceWorkers === 0 && !load.mustBuildAlone) {
    findings.push(
      found(
        'info',
        'settings.max_parallel_maintenance_workers',
        'Indexes are built by one process alone',
        'max_parallel_maintenance_workers is 0. With pgvector before 0.8.2 that would be right (CVE-2026-3172); this one is newer.',
        change('max_parallel_maintenance_workers', '2'),
      ),
    )
  }
  if (randomPageCost > 2) {
    findings.push(
      found(
        'info',
        'settings.random_page_cost',
        `random_page_cost is ${randomPageCost}, as for spinning disks`,
        'The planner takes index scans for dearer than they are on SSDs or in memory.',
        change('random_page_cost', '1.1'),
      ),
    )
  }
  if (settings.jit && load.searchCost > settings.jitAboveCost) {
    findings.push(
      found(
        'warning',
        'settings.jit',
        'Searches are compiled before they run',
        `jit is on, and a search is estimated at ${Math.round(load.searchCost)}, above jit_above_cost (${settings.jitAboveCost}): compiling takes longer than searching.`,
        change('jit', 'off'),
      ),
    )
  }
  if (workMem < 4 * MB) {
    findings.push(
      found(
        'warning',
        'settings.work_mem',
        `work_mem is ${size(workMem)}`,
        'Sorting hits and reading the index further spill to disk, or stop early.',
        change('work_mem', '8MB'),
      ),
    )
  }
  if (!settings.indexScan) {
    findings.push(
      found(
        'error',
        'settings.enable_indexscan',
        'enable_indexscan is off',
        'No plan uses a vector index: every search over many memories compares each one.',
        change('enable_indexscan', null),
      ),
    )
  }
  if (!settings.autovacuum) {
    findings.push(
      found(
        'warning',
        'settings.autovacuum',
        'autovacuum is off',
        'Nobody removes dead rows, and the statistics that plans rest on grow old.',
        change('autovacuum', 'on'),
      ),
    )
  }
  return findings
}

export const checkSettings: Check = {
  id: 'settings',
  title: 'Settings of the server',
  notEmbedded:
    'the embedded engine has its memory to itself, and its settings are those that Funes starts it with',
  needsTables: true,
  async run({ executor, engine }) {
    const [settings] = await executor.run(selectSettings)
    if (!settings) return []
    const [facts] = await executor.run(selectExtensionFacts)
    const sizes = (await executor.run(selectIndexes)).map(({ bytes }) => bytes)
    const compared = exactUpTo({ engine: engine.kind, isOneUser: false, isFiltered: false })
    let searchCost = 0
    for (const model of await createModels(executor, engine.kind).list()) {
      if (model.state === 'retired' || model.indexKind === 'none') continue
      searchCost = Math.max(searchCost, (await explainSearch(executor, model, compared)).totalCost)
    }
    const load = {
      largestIndex: Math.max(0, ...sizes),
      allIndexes: sizes.reduce((sum, bytes) => sum + bytes, 0),
      searchCost,
      mustBuildAlone: pgvectorFaults(facts?.installed ?? '0').some((fault) => fault.needsParallelBuilds),
    }
    const findings = judgeSettings(settings, load, await readPlaces(executor))
    return findings.length > 0 ? findings : [ok('settings', 'The settings of the server suit what it holds')]
  },
}
