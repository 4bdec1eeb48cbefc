import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** Runs a program in a plain Node process, where the package is found by its own name and as it was built. */
const run = (program: string) =>
  promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: import.meta.dirname })

describe('the built package', () => {
  it('encodes without printing anything, and lets the process end by itself', async () => {
    const output = await run(`
      import { fromEnergetic } from '@funes/embedders/energetic'
      for (const threads of [0, 1]) {
        const [vector] = await fromEnergetic({ threads }).embed(['hello'])
        if (vector.length !== 512) process.exit(3)
      }`)
    expect(output).toEqual({ stdout: '', stderr: '' })
  }, 120_000)

  it('names the package to install when it is missing', async () => {
    const { stdout } = await run(`
      import { fromTransformers } from '@funes/embedders/transformers'
      await fromTransformers().embed(['a']).catch(({ code, fix }) => console.log(code, '|', fix))`)
    expect(stdout.trim()).toBe('EMBEDDER.PEER_MISSING | npm install @huggingface/transformers')
  }, 120_000)
})
