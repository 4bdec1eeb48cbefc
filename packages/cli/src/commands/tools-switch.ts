import { defineCommand } from '../command/command.js'
import { CONNECTION } from '../command/general.js'

const NAME = { name: 'name', about: 'the name of a tool', required: true } as const
/** The registry is everybody's: no row of it is hidden. */
const ROWS = { rows: 'nobody' } as const

export const toolsEnable = defineCommand({
  name: 'tools enable',
  summary: 'have a tool selected again',
  operands: [NAME],
  options: { ...CONNECTION },
  examples: [{ line: 'funes tools enable send_email', about: 'after it was disabled' }],
  async run({ values, operands: [name = ''] }, session) {
    const funes = await session.open(values, ROWS)
    const tool = await funes.tools.enable({ name })
    return { data: tool, show: () => [`${tool.name} is enabled.`] }
  },
})

export const toolsDisable = defineCommand({
  name: 'tools disable',
  summary: 'have a tool selected no more, and keep all that is known of it',
  details: 'Registering it again leaves it disabled.',
  operands: [NAME],
  options: { ...CONNECTION },
  examples: [{ line: 'funes tools disable send_email', about: 'until it is enabled' }],
  async run({ values, operands: [name = ''] }, session) {
    const funes = await session.open(values, ROWS)
    const tool = await funes.tools.disable({ name })
    return { data: tool, show: () => [`${tool.name} is disabled.`] }
  },
})
