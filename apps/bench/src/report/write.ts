import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../result.js'
import { loadDrivers, loadScenarios } from '../run/discover.js'
import { renderHtml } from './html.js'

/** Writes a run as `bench.json` and `bench.html`; returns their paths. */
export async function writeReport(report: Report, folder: string): Promise<{ json: string; html: string }> {
  mkdirSync(folder, { recursive: true })
  const json = join(folder, 'bench.json')
  const html = join(folder, 'bench.html')
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(html, renderHtml(report, { scenarios: await loadScenarios(), drivers: await loadDrivers() }))
  return { json, html }
}
