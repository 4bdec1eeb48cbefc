/** One line of the report. */
export interface Check {
  readonly name: string
  readonly isRight: boolean
  readonly detail: string
}

export const check = (name: string, isRight: boolean, detail: string): Check => ({ name, isRight, detail })
