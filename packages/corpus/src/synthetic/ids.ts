import { mix } from './random.js'

const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0')

/**
 * A UUID of version 7 (RFC 9562) that depends on its arguments alone: the time, then the place in the set, then
 * bits of the seed.
 */
export function uuidAt(timeMs: number, seed: number, index: number): string {
  const time = Math.floor(timeMs).toString(16).padStart(12, '0')
  const one = hex(mix(mix(seed, 20), index))
  const two = hex(mix(mix(seed, 21), index))
  const variant = (8 + (Number.parseInt(one.charAt(3), 16) & 3)).toString(16)
  const tail = `${hex(index)}${two.slice(4)}`
  return `${time.slice(0, 8)}-${time.slice(8)}-7${one.slice(0, 3)}-${variant}${one.slice(4, 7)}-${tail}`
}
