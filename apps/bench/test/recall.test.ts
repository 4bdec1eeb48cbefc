import { describe, expect, it } from 'vitest'
import { anyHit, evidenceRecall } from '../src/retrieval/recall.js'

const ids = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`)

describe('recall of evidence', () => {
  const answers = [
    { ranked: ids(20), evidence: ['t0', 't7', 't19', 'missing'] },
    { ranked: ids(3), evidence: ['missing'] },
  ]

  it('is the mean over questions of the share of evidence in the top k', () => {
    expect(evidenceRecall(answers)).toEqual({ 5: 0.125, 10: 0.25, 20: 0.375 })
  })

  it('tells apart whether there was any hit', () => {
    expect(anyHit(answers)).toEqual({ 5: 0.5, 10: 0.5, 20: 0.5 })
  })
})
