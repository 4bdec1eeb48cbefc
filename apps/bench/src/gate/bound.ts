/** A bound on one figure, or on its ratio to the same figure of another driver. */
export interface Bound {
  readonly name: string
  readonly scenario: string
  readonly driver: string
  readonly figure: string
  /** The other drivers of a ratio, each on its own; left out for a figure that stands alone. */
  readonly against?: string
  /** Only results whose point has this; the other driver's too where it has such a key. */
  readonly where?: Readonly<Record<string, string | number>>
  readonly atLeast?: number
  readonly atMost?: number
  /** Whether it is enough that one result keeps it; else all have to. */
  readonly isKeptByOne?: boolean
}
