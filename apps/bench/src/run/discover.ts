import { readdir } from 'node:fs/promises'
import type { Driver } from '../drivers/driver.js'
import type { Scenario } from './context.js'

/** Loads the export `name` of every module of a folder that has one: to add a file is to add to the benchmark. */
async function loadFolder<T>(folder: URL, name: string, only?: readonly string[]): Promise<T[]> {
  const files = (await readdir(folder))
    .filter((file) => /\.[jt]s$/.test(file) && !file.endsWith('.d.ts'))
    .filter((file) => only === undefined || only.includes(file.slice(0, -3)))
    .sort()
  const modules = await Promise.all(
    files.map((file) => import(new URL(file, folder).href) as Promise<Record<string, unknown>>),
  )
  return modules.flatMap((module) => (module[name] === undefined ? [] : [module[name] as T]))
}

const ROLES = ['funes', 'limit', 'peer'] as const

/** Every driver there is a file for, or those named: Funes first, then the limits, then the peers. */
export async function loadDrivers(only?: readonly string[]): Promise<Driver[]> {
  const drivers = await loadFolder<Driver>(new URL('../drivers/', import.meta.url), 'driver', only)
  return drivers.sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || (a.name < b.name ? -1 : 1))
}

/** Every scenario there is a file for, in their order. */
export async function loadScenarios(): Promise<Scenario[]> {
  const scenarios = await loadFolder<Scenario>(new URL('../scenarios/', import.meta.url), 'scenario')
  return scenarios.sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1))
}

/**
 * Those of `items` that were asked for, or all that are not optional.
 *
 * @throws RangeError for a name that there is none of, and for no name at all
 */
export function select<T extends { name: string; isOptional?: boolean }>(
  items: readonly T[],
  names: readonly string[] | undefined,
): T[] {
  if (names === undefined) return items.filter(({ isOptional }) => !isOptional)
  const there = `there are ${items.map(({ name }) => name).join(', ')}.`
  if (names.length === 0) throw new RangeError(`Nothing is named; ${there}`)
  const unknown = names.find((name) => !items.some((item) => item.name === name))
  if (unknown !== undefined) {
    throw new RangeError(`There is no ${unknown}; ${there}`)
  }
  return items.filter(({ name }) => names.includes(name))
}
