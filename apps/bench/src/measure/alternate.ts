const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/**
 * The places 0 to count - 1 in the order of a round: each round begins one place later and takes wider steps, so that nobody
 * has the same neighbour before it every time, as far as there are enough of them. Who comes after a driver that reads the
 * whole table finds the processor's caches cold: 1.4 times the time of the same statement in another turn.
 */
export function orderOf(count: number, round: number): number[] {
  const steps = Array.from({ length: count }, (_, i) => i + 1).filter((step) => gcd(step, count) === 1)
  const step = steps[round % steps.length] ?? 1
  return Array.from({ length: count }, (_, i) => (round + i * step) % count)
}

/** Lets every subject have its turn in each round, so that what disturbs the machine disturbs all of them. */
export async function alternate<Subject, Outcome>(
  subjects: readonly Subject[],
  rounds: number,
  turn: (subject: Subject, round: number) => Promise<Outcome>,
): Promise<Map<Subject, Outcome[]>> {
  const outcomes = new Map<Subject, Outcome[]>(subjects.map((subject) => [subject, []]))
  for (let round = 0; round < rounds; round++) {
    for (const place of orderOf(subjects.length, round)) {
      const subject = subjects[place] as Subject
      outcomes.get(subject)?.push(await turn(subject, round))
    }
  }
  return outcomes
}
