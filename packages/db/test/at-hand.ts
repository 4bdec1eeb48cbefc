/** Whether nothing may be left out: in CI, where nobody reads what was skipped. */
const isComplete = Boolean(process.env.CI) && process.env.CI !== 'false'

/**
 * Why tests cannot be run here, or undefined where what they need `isThere`.
 *
 * @throws in CI with a server, where that is no reason to skip them
 */
export function whyAbsent(what: string, isThere: boolean): string | undefined {
  if (isThere) return undefined
  const reason = `${what} is not on this machine`
  if (isComplete && process.env.FUNES_TEST_DATABASE_URL)
    throw new Error(`${reason}, and in CI no test that needs it may be skipped.`)
  return reason
}
