import { type Fragment, sql } from './statement.js'

/** How an index search is set, and whether what was set before comes back after it. */
export interface SearchSettings {
  efSearch: number
  /** In a caller's transaction, where settings outlast the statement that makes them. */
  restores?: boolean | undefined
}

/** One row that sets how the index searches, for the statement's own transaction: take `ef` from it in a lateral join. */
export function searchSettings(efSearch: number): Fragment {
  return sql`
      select
        set_config('hnsw.ef_search', ${String(efSearch)}, true) as ef,
        set_config('hnsw.iterative_scan', 'relaxed_order', true) as scan`
}

/** The same, to stand in `from` under the name `setting`; inside of {@link restoringSettings} it is made there. */
export function settingRow({ efSearch, restores }: SearchSettings): Fragment {
  return restores ? sql`setting` : sql`(${searchSettings(efSearch)}) setting`
}

/**
 * A search that leaves a caller's transaction as it was. Its own settings stayed there, for the statements of the caller and for
 * how the next search is planned: on 3,000 rows the planner then sorted all of them in place of asking the index.
 */
export function restoringSettings({ efSearch, restores }: SearchSettings, search: Fragment): Fragment {
  if (!restores) return search
  // What stands first in a list of columns is read first: the settings as they were.
  return sql`
    with setting as materialized (
      select
        current_setting('hnsw.ef_search', true) as ef_before, current_setting('hnsw.iterative_scan', true) as scan_before,
        set_config('hnsw.ef_search', ${String(efSearch)}, true) as ef,
        set_config('hnsw.iterative_scan', 'relaxed_order', true) as scan
    ),
    found as materialized (${search}),
    restored as materialized (
      select
        set_config('hnsw.ef_search', ef_before, true) as ef, set_config('hnsw.iterative_scan', scan_before, true) as scan
      from setting
      where (select count(*) from found) >= 0
    )
    select * from found where (select count(*) from restored) > 0`
}
