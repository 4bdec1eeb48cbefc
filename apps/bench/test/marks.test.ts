import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readReport } from '../src/commands/files.js'
import { readFindings } from '../src/commands/findings.js'
import { renderAims } from '../src/report/aims-table.js'
import { renderMarkdown } from '../src/report/markdown.js'
import { readMarked, replaceMarked, sourcesFrom } from '../src/report/marks.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const at = (...parts: string[]) => join(root, ...parts)

describe('marks', () => {
  const text = 'before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter'

  test('what stands between them is replaced and nothing else', () => {
    expect(replaceMarked(text, 'bench', 'new')).toBe(text.replace('old', 'new'))
    expect(() => replaceMarked('no marks', 'bench', 'new')).toThrow(RangeError)
    expect(() => replaceMarked(text, 'aims', 'new')).toThrow('aims:start')
  })

  test('they tell what the table was made of', () => {
    const sources = sourcesFrom('docs/README.md', ['docs/a/bench.json', 'b.json'])
    expect(sources).toEqual(['a/bench.json', '../b.json'])
    const written = replaceMarked(text, 'bench', 'new', sources)
    expect(readMarked(written, 'bench')).toEqual({ content: 'new', sources })
    const again = replaceMarked(written, 'bench', 'newer', ['c.json'])
    expect(readMarked(again, 'bench')).toEqual({ content: 'newer', sources: ['c.json'] })
    expect(readMarked(text, 'bench')).toEqual({ content: 'old', sources: [] })
  })
})

describe('what is published', () => {
  // Runs of before there were digests of data were published by hand.
  const isGenerated = readReport(at('docs/benchmarks/server-100k/bench.json')).config.data !== undefined

  test.skipIf(!isGenerated)("the README's table is that of the run it names", () => {
    const marked = readMarked(readFileSync(at('README.md'), 'utf8'), 'bench')
    expect(marked?.sources).toHaveLength(1)
    expect(marked?.content).toBe(renderMarkdown(readReport(at(marked?.sources[0] as string))))
  })

  test.skipIf(!isGenerated)(
    'the table of aims is that of the runs it names, the one of the README among them',
    () => {
      const folder = at('docs/benchmarks')
      const marked = readMarked(readFileSync(join(folder, 'README.md'), 'utf8'), 'aims')
      expect(marked?.sources).toContain('server-100k/bench.json')
      const findings = (marked?.sources ?? []).map((source) => readFindings(join(folder, source)))
      expect(marked?.content).toBe(renderAims(findings))
    },
  )
})
