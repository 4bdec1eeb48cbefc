import { readFileSync } from 'node:fs'
import type { Embedder } from '@funes/db'
import { beforeAll, describe, expect, it } from 'vitest'
import { embeddedDatabases } from '../src/storage/database.js'
import { measureSelection } from '../src/tool-selection/measure.js'
import { printSelection } from '../src/tool-selection/print.js'
import { readToolSet, type ToolSet } from '../src/tool-selection/read.js'

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[a-z]+/g) ?? []

/** Words that every text has, and names of products, which nobody says otherwise. */
const COMMON = new Set(
  `a about after all an and any are as at be before but by can could did do does for from had has have he her his how i in
  into is it its like many may me more most much my no not now of off on once one or our out over own she should so still
  such than that the their them then there they this to under up was we well were what when where which while who whom
  whose why will with without would yet you airtable circleci github gitlab hubspot mongo notion slack`.split(
    /\s+/,
  ),
)

describe('the labelled requests for tools', () => {
  let set: ToolSet
  beforeAll(async () => {
    set = await readToolSet()
  })

  it('ask for tools of a real catalogue, no two of them alike', () => {
    expect(set.tools.length).toBeGreaterThanOrEqual(300)
    expect(new Set(set.tools.map(({ name }) => name)).size).toBe(set.tools.length)
    expect(set.requests.length).toBeGreaterThanOrEqual(100)
    expect(new Set(set.requests.map(({ text }) => text)).size).toBe(set.requests.length)
    const servers = new Set(set.requests.flatMap(({ tools }) => tools.map((name) => name.split('__')[0])))
    const notice = readFileSync(new URL('../data/tool-catalogue.md', import.meta.url), 'utf8')
    expect(servers.size).toBe(17)
    for (const server of servers)
      expect(notice).toMatch(new RegExp(`^\\| ${server} \\|.*(MIT|Apache-2.0)`, 'm'))
  })

  it('ask in other words than the tools are described in', () => {
    const describedAs = new Map(set.tools.map((tool) => [tool.name, `${tool.name} ${tool.description}`]))
    const shares = set.requests.map(({ text, tools }) => {
      const described = tools.map((name) => describedAs.get(name)).join(' ')
      const asked = wordsOf(text)
      for (let i = 0; i + 5 <= asked.length; i++) {
        expect(wordsOf(described).join(' '), text).not.toContain(asked.slice(i, i + 5).join(' '))
      }
      const telling = asked.filter((word) => !COMMON.has(word))
      const share = telling.filter((word) => wordsOf(described).includes(word)).length / telling.length
      expect(share, text).toBeLessThan(0.7)
      return share
    })
    expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeLessThan(0.25)
  })

  it('are asked in every mode, of tools that the registry takes as they are', async () => {
    const tools = set.tools.filter(({ tags }) => tags?.[0] === 'filesystem')
    const embedder: Embedder = {
      model: 'letters',
      dimensions: 26,
      embed: async (texts) =>
        texts.map((text) =>
          Array.from(
            { length: 26 },
            (_, i) => 1 + text.toLowerCase().split(String.fromCharCode(97 + i)).length,
          ),
        ),
    }
    const report = await measureSelection(
      embeddedDatabases(),
      { tools, requests: set.requests.slice(0, 2) },
      embedder,
      () => {},
    )
    expect(report).toMatchObject({ engine: 'embedded', tools: tools.length, requests: 2 })
    for (const { hit, hit5Chosen, hit5Held } of report.modes) {
      expect(hit[1]).toBeLessThanOrEqual(hit[5])
      expect((hit5Chosen + hit5Held) / 2).toBeCloseTo(hit[5], 9)
    }
    expect(printSelection(report)).toContain('| hybrid |')
  })
})
