import type { SotuAddress } from './addresses.js'

/** Takes `count` of the items at even distances. */
function thin<T>(items: readonly T[], count: number): T[] {
  if (count >= items.length) return [...items]
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)] as T)
}

/** Shares `total` among bins of the given sizes, as evenly as the sizes allow, the first bins one more. */
function share(total: number, sizes: readonly number[]): number[] {
  const shares = sizes.map(() => 0)
  let left = Math.min(
    total,
    sizes.reduce((sum, size) => sum + size, 0),
  )
  while (left > 0) {
    const open = sizes.flatMap((size, i) => (size > (shares[i] as number) ? [i] : []))
    const each = Math.max(1, Math.floor(left / open.length))
    for (const i of open) {
      const take = Math.min(each, (sizes[i] as number) - (shares[i] as number), left)
      shares[i] = (shares[i] as number) + take
      left -= take
    }
  }
  return shares
}

/**
 * Brings addresses down to `limit` passages: those named in `whole` keep all of theirs, the rest of the limit is
 * shared evenly among the presidents, among the addresses of each, and taken at even distances from an address.
 */
export function selectPassages(
  addresses: readonly SotuAddress[],
  limit: number,
  whole: ReadonlySet<string>,
): SotuAddress[] {
  const spread = addresses.filter(({ id }) => !whole.has(id))
  const kept = addresses
    .filter(({ id }) => whole.has(id))
    .reduce((sum, { passages }) => sum + passages.length, 0)
  const groups = [...new Set(spread.map(({ president }) => president.id))].map((id) =>
    spread.filter(({ president }) => president.id === id),
  )
  const groupSizes = groups.map((group) => group.reduce((sum, { passages }) => sum + passages.length, 0))
  const counts = new Map<string, number>()
  for (const [i, groupShare] of share(Math.max(0, limit - kept), groupSizes).entries()) {
    const group = groups[i] as SotuAddress[]
    const shares = share(
      groupShare,
      group.map(({ passages }) => passages.length),
    )
    for (const [j, { id }] of group.entries()) counts.set(id, shares[j] as number)
  }
  return addresses
    .map((address) => ({
      ...address,
      passages: thin(address.passages, counts.get(address.id) ?? Number.POSITIVE_INFINITY),
    }))
    .filter(({ passages }) => passages.length > 0)
}
