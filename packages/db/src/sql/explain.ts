import { type Fragment, integerLiteral, sql } from './statement.js'

/** Columns that tell how a row was found, `path` and `probed`, for one of a comparison that the probe or a lack of hits led to. */
export function exactAfterProbe(exactUpTo: number): Fragment {
  return sql`,
      case when (select n from probe) <= ${integerLiteral(exactUpTo)} then 'exact' else 'index then exact' end as path,
      (select n from probe)::float8 as probed`
}

/** The same columns for a row that the index brought. */
export function indexAfterProbe(): Fragment {
  return sql`, 'index' as path, (select n from probe)::float8 as probed`
}

/** The same columns where every row is compared whatever their number, which is counted for this alone. */
export function alwaysExact(hits: Fragment, vectors: Fragment, candidates: Fragment): Fragment {
  return sql`
    select
      h.*, 'exact' as path,
      (select count(*)::float8 from ${vectors} e where ${candidates}) as probed
    from (${hits}) h`
}
