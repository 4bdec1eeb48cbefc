/** Reproducible random numbers: the same seed gives the same sequence on every machine. */
export interface Random {
  /** 32 random bits. */
  bits(): number
  /** A number in [0, 1). */
  uniform(): number
  /** A number of the standard normal distribution. */
  gaussian(): number
  /** A natural number below `limit`. */
  below(limit: number): number
}

/** Mixes two 32-bit numbers into one (the finaliser of MurmurHash3 over their combination). */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * The generator xoshiro128** (Blackman and Vigna, 2018), seeded by any number of 32-bit integers: one for each
 * thing that has a sequence of its own, so that row 1,000,000 can be made without the rows before it.
 */
export function createRandom(...seeds: readonly number[]): Random {
  const seed = seeds.reduce(mix, seeds.length)
  let a = mix(seed, 1)
  let b = mix(seed, 2)
  let c = mix(seed, 3)
  let d = mix(seed, 4) | 1
  let spare: number | undefined

  function bits(): number {
    const scrambled = Math.imul(b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result >>> 0
  }

  const uniform = () => bits() / 4_294_967_296

  /** Box and Muller's method makes two at a time. */
  function gaussian(): number {
    if (spare !== undefined) {
      const kept = spare
      spare = undefined
      return kept
    }
    const radius = Math.sqrt(-2 * Math.log((bits() + 1) / 4_294_967_297))
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  return { bits, uniform, gaussian, below: (limit) => Math.floor(uniform() * limit) }
}
