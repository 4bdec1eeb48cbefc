import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand } from '../command/command.js'
import { ENV_EXAMPLE, starterProgram } from './starter.js'

interface Written {
  readonly file: string
  readonly written: boolean
}

/** Writes a file that is not there yet; `wx` also keeps one that is made in this very moment. */
function writeNew(folder: string, file: string, text: string): Written {
  try {
    writeFileSync(join(folder, file), text, { flag: 'wx' })
    return { file, written: true }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return { file, written: false }
  }
}

export const init = defineCommand({
  name: 'init',
  summary: 'write a first program and an example of the settings, overwriting nothing',
  details:
    'Writes funes.ts where there is a tsconfig.json, else funes.mjs, and .env.example. No database is touched: ' +
    '`funes migrate` makes one.',
  operands: [{ name: 'folder', about: 'where to; here unless given', path: 'folder' }],
  options: {
    embedder: {
      type: 'text',
      choices: ['energetic', 'transformers', 'none'],
      value: 'name',
      about: 'what makes vectors of texts in the program; energetic unless given',
    },
  },
  examples: [
    { line: 'funes init', about: 'start in this folder' },
    { line: 'funes init packages/agent --embedder transformers', about: 'in another, with another encoder' },
  ],
  async run({ values, operands: [folder = '.'] }) {
    const { embedder = 'energetic' } = values
    mkdirSync(folder, { recursive: true })
    const extension = existsSync(join(folder, 'tsconfig.json')) ? 'ts' : 'mjs'
    const { program, packages } = starterProgram(embedder)
    const files = [
      writeNew(folder, `funes.${extension}`, program),
      writeNew(folder, '.env.example', ENV_EXAMPLE),
    ]
    const nextSteps = [
      `npm install ${packages.join(' ')}`,
      `npx funes migrate${embedder === 'none' ? '' : ` --embedder ${embedder}`}`,
      'npx funes doctor',
    ]
    return {
      data: { folder, files, nextSteps },
      show: () => [
        ...files.map(({ file, written }) => `${written ? 'wrote' : 'kept '}  ${join(folder, file)}`),
        '',
        'Next:',
        ...nextSteps.map((step) => `  ${step}`),
        '',
        'Keep .funes/ and .env out of version control.',
      ],
    }
  },
})
