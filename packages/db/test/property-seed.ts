import fc from 'fast-check'

/**
 * The same cases in every run, so that a commit that was green stays green. `FUNES_TEST_SEED=random` looks for new ones (a failing
 * property prints its seed), `FUNES_TEST_SEED=<integer>` repeats a run.
 */
const given = process.env.FUNES_TEST_SEED ?? '1942'

if (given !== 'random') {
  const seed = Number(given)
  if (!Number.isSafeInteger(seed))
    throw new Error(`FUNES_TEST_SEED is an integer or "random", not "${given}"`)
  fc.configureGlobal({ seed })
}
