import type pg from 'pg'
import type { Output } from './progress.js'

const EVERY_MS = 1000

/**
 * Shows how far the index build of another connection is, on a terminal only.
 *
 * @returns what stops it
 */
export function watchIndexBuilds(pool: pg.Pool, output: Output, label: () => string): () => void {
  if (!output.isTTY) return () => {}
  const timer = setInterval(async () => {
    const { rows } = await pool
      .query(
        `select phase, 100.0 * blocks_done / nullif(blocks_total, 0) as share
         from pg_stat_progress_create_index where datname = current_database() limit 1`,
      )
      .catch(() => ({ rows: [] }))
    const [row] = rows
    if (row) output.write(`\r\u001b[2K${label()}  ${row.phase}  ${Math.floor(row.share ?? 0)} %`)
  }, EVERY_MS)
  return () => {
    clearInterval(timer)
    output.write('\r\u001b[2K')
  }
}
