import type { CallProblem } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION } from '../command/general.js'
import { EXIT } from '../exit-codes.js'
import { type Column, drawTable } from '../screen/table.js'

const PROBLEM: readonly Column<CallProblem>[] = [
  { title: 'at', of: ({ path }) => (path === '' ? 'the whole' : path) },
  { title: 'keyword', of: ({ keyword }) => keyword },
  { title: 'problem', of: ({ message }) => message, flexible: true },
]

export const toolsValidate = defineCommand({
  name: 'tools validate',
  summary: "check a call's arguments against the tool's parameters",
  details: 'Ends with 1 if anything is wrong with them. No value of the arguments is printed.',
  operands: [{ name: 'name', about: 'the name of a tool', required: true }],
  options: {
    args: { type: 'json', value: 'json', required: true, about: 'the arguments, as JSON or @file' },
    version: { type: 'integer', min: 1, value: 'n', about: 'against the parameters of this version' },
    ...CONNECTION,
  },
  examples: [
    {
      line: `funes tools validate send_email --args '{"to": "ada"}'`,
      about: 'what is wrong with them, if anything',
    },
  ],
  async run({ values, operands: [name = ''] }, session) {
    const { args, version } = values
    const funes = await session.open(values, { rows: 'nobody' })
    const check = await funes.tools.validateCall(name, args, { ...(version !== undefined && { version }) })
    return {
      data: check,
      exitCode: check.valid ? EXIT.ok : EXIT.failed,
      show: (width) =>
        check.valid ? ['The arguments are as they must be.'] : drawTable(check.problems, PROBLEM, width),
    }
  },
})
