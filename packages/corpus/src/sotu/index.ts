import { readAddresses, type SotuAddress } from './addresses.js'
import { selectPassages } from './select.js'

export type { SotuAddress, SotuPassage } from './addresses.js'
export type { President } from './presidents.js'

export interface SotuOptions {
  /** Ids of presidents, as `abraham-lincoln`; all unless given. */
  presidents?: readonly string[]
  /** Passages in all; every one unless given. Those of `whole` are kept even beyond it. */
  limit?: number
  /** Ids of addresses, as `1863-abraham-lincoln`, of which `limit` takes nothing away. */
  whole?: readonly string[]
}

/**
 * The State of the Union addresses of 1790 to 2021, oldest first, each cut into passages of 60 to 500 characters.
 *
 * In a memory: user = president, session = address, memory = passage, source = `document`. The same options always
 * give the same passages under the same ids.
 *
 * @throws RangeError on an id that the data set does not have, or a limit that is no natural number
 *
 * @example
 * const addresses = await loadSotu({ limit: 2000, whole: ['1863-abraham-lincoln'] })
 */
export async function loadSotu(options: SotuOptions = {}): Promise<SotuAddress[]> {
  const { presidents, limit = Number.MAX_SAFE_INTEGER, whole = [] } = options
  if (!Number.isInteger(limit) || limit < 0) throw new RangeError('limit is not a natural number')
  const all = await readAddresses()
  const unknown = [
    ...whole.filter((id) => !all.some((address) => address.id === id)),
    ...(presidents ?? []).filter((id) => !all.some(({ president }) => president.id === id)),
  ]
  if (unknown.length > 0) throw new RangeError(`the data set does not have ${unknown.join(', ')}`)
  const chosen = presidents ? all.filter(({ president }) => presidents.includes(president.id)) : all
  return selectPassages(chosen, limit, new Set(whole))
}
