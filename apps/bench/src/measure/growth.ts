export interface Growth {
  /** cost = factor × size ^ exponent: 0 is constant, 1 linear. */
  readonly exponent: number
  readonly factor: number
}

/** Fits a power law through (size, cost) by least squares on the logarithms. Needs two different sizes. */
export function fitGrowth(points: readonly { size: number; cost: number }[]): Growth {
  const xs = points.map(({ size }) => Math.log(size))
  const ys = points.map(({ cost }) => Math.log(cost))
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const mx = mean(xs)
  const my = mean(ys)
  const sxx = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0)
  if (!(sxx > 0)) throw new RangeError('growth needs at least two different sizes')
  const sxy = xs.reduce((sum, x, i) => sum + (x - mx) * ((ys[i] as number) - my), 0)
  const exponent = sxy / sxx
  return { exponent, factor: Math.exp(my - exponent * mx) }
}
