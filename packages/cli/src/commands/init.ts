import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { defineCommand } from '../command/command.js'
import { usageError } from '../fault.js'
import { ENV_EXAMPLE, starterProgram } from './starter.js'

interface Written {
  readonly file: string
  readonly written: boolean
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Step by step: Node's own way never ends where a folder that is there answers that it is not, as /proc does. */
function makeFolder(path: string): void {
  if (isFolder(path)) return
  const parent = dirname(resolve(path))
  if (parent !== path) makeFolder(parent)
  try {
    mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw usageError(`The folder ${path} cannot be made (${code}).`, 'Name one that you may write.')
  }
}

/** Writes a file that is not there yet; `wx` also keeps one that is made in this very moment. */
function writeNew(folder: string, file: string, text: string): Written {
  try {
    writeFileSync(join(folder, file), text, { flag: 'wx' })
    return { file, written: true }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST')
      throw usageError(
        `${join(folder, file)} cannot be written (${code}).`,
        'Name a folder that you may write.',
      )
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
    if (folder.includes('://'))
      throw usageError('The folder is a url.', 'Name a folder; a url belongs into FUNES_DATABASE_URL.')
    makeFolder(folder)
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
