/**
 * Lets every subject have its turn in each round, so that what disturbs the machine disturbs all of them. Each
 * round starts with another subject, so that none always follows the same neighbour.
 */
export async function alternate<Subject, Outcome>(
  subjects: readonly Subject[],
  rounds: number,
  turn: (subject: Subject, round: number) => Promise<Outcome>,
): Promise<Map<Subject, Outcome[]>> {
  const outcomes = new Map<Subject, Outcome[]>(subjects.map((subject) => [subject, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < subjects.length; i++) {
      const subject = subjects[(i + round) % subjects.length] as Subject
      outcomes.get(subject)?.push(await turn(subject, round))
    }
  }
  return outcomes
}
