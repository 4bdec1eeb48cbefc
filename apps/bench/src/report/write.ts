import { mkdirSync, writeFileSync } from 'node:fs'
import { join, parse } from 'node:path'
import type { Report } from '../result.js'
import { loadDrivers, loadScenarios } from '../run/discover.js'
import { renderHtml } from './html.js'

/** Draws the page of a run beside its JSON, under the same name; returns its path. */
export async function writePage(report: Report, json: string): Promise<string> {
  const { dir, name } = parse(json)
  const html = join(dir, `${name}.html`)
  writeFileSync(html, renderHtml(report, { scenarios: await loadScenarios(), drivers: await loadDrivers() }))
  return html
}

/** Writes a run as `bench.json` and `bench.html`; returns their paths. */
export async function writeReport(report: Report, folder: string): Promise<{ json: string; html: string }> {
  mkdirSync(folder, { recursive: true })
  const json = join(folder, 'bench.json')
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
  return { json, html: await writePage(report, json) }
}
