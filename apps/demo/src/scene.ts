import type { SotuOptions } from '@funes/corpus/sotu'

export interface Question {
  readonly text: string
  /** Id of the president to ask; everyone unless given. */
  readonly president?: string
  /** Id of the one address to look in. */
  readonly address?: string
}

/** What is loaded and what is asked. */
export interface Scene {
  readonly corpus: SotuOptions
  readonly questions: readonly Question[]
}

const EXPLORERS: Question = { text: 'explorers who reached the western ocean', president: 'thomas-jefferson' }
const FREEDOMS: Question = {
  text: 'religion and speech without fear',
  president: 'franklin-d-roosevelt',
  address: '1941-franklin-d-roosevelt',
}
const ARSENAL: Question = {
  text: 'ships, planes and guns for the democracies',
  president: 'franklin-d-roosevelt',
}

/** Embedding takes about 25 ms a passage on two cores and 42 on one: this keeps a first run near a minute. */
const FULL: Scene = {
  corpus: {
    limit: 1500,
    whole: [
      '1806-thomas-jefferson',
      '1823-james-monroe',
      '1862-abraham-lincoln',
      '1941-franklin-d-roosevelt',
      '1962-john-f-kennedy',
      '1964-lyndon-b-johnson',
      '1986-ronald-reagan',
      '2002-george-w-bush',
    ],
  },
  questions: [
    EXPLORERS,
    {
      text: 'European kings must leave the Americas alone',
      president: 'james-monroe',
      address: '1823-james-monroe',
    },
    { text: 'paying owners who let their slaves go', president: 'abraham-lincoln' },
    FREEDOMS,
    ARSENAL,
    { text: 'young people who volunteer abroad', president: 'john-f-kennedy' },
    { text: 'equal treatment whatever the color of your skin', president: 'lyndon-b-johnson' },
    { text: 'we lost the crew of the shuttle', president: 'ronald-reagan', address: '1986-ronald-reagan' },
    { text: 'dictators who build terrible bombs', president: 'george-w-bush' },
    { text: 'tall trees are cut down faster than they grow' },
    { text: 'people who come from other countries to live here' },
    { text: 'medical care that old people can pay for' },
  ],
}

const SHORT: Scene = {
  corpus: { limit: 240, whole: ['1806-thomas-jefferson', '1941-franklin-d-roosevelt'] },
  questions: [EXPLORERS, FREEDOMS, ARSENAL, { text: 'weapons for those who fight against tyrants' }],
}

/** The whole demonstration, or a quick look. */
export const sceneOf = (short: boolean): Scene => (short ? SHORT : FULL)
