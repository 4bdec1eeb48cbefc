import type { RegisteredTool, Tool, ToolHit } from '@funes/db'
import { defineCommand } from '../command/command.js'
import { CONNECTION, VECTORS, YES } from '../command/general.js'
import { cliError } from '../fault.js'
import { minute } from '../screen/figures.js'
import { type Column, drawFacts, drawTable } from '../screen/table.js'
import { readTools } from './read-tools.js'

const NAME = { name: 'name', about: 'the name of a tool', required: true } as const
/** The registry is everybody's: no row of it is hidden. */
const ROWS = { rows: 'nobody' } as const

const DESCRIPTION: Column<Tool> = {
  title: 'description',
  of: ({ description }) => description,
  flexible: true,
}
const COLUMNS: readonly Column<Tool>[] = [
  { title: 'tool', of: ({ name }) => name },
  { title: 'version', of: ({ version }) => version, align: 'right' },
  {
    title: 'enabled',
    of: ({ enabled, removedAt }) => (removedAt !== null ? 'removed' : enabled ? 'yes' : 'no'),
  },
  { title: 'tags', of: ({ tags }) => tags.join(', ') },
  DESCRIPTION,
]

export const toolsList = defineCommand({
  name: 'tools list',
  summary: 'the tools that agents may call',
  options: {
    tag: { type: 'text', value: 'tag', many: true, about: 'only tools that have all of these' },
    removed: { type: 'flag', about: 'removed ones too' },
    limit: { type: 'integer', min: 1, max: 1000, value: 'n', about: 'how many; 100 unless given' },
    cursor: { type: 'text', value: 'text', about: 'nextCursor of the page before' },
    ...CONNECTION,
  },
  examples: [
    { line: 'funes tools list', about: 'by name' },
    { line: 'funes tools list --tag mail --json', about: 'of one kind, for a program' },
  ],
  async run({ values }, session) {
    const { tag, removed, limit, cursor } = values
    const funes = await session.open(values, ROWS)
    const page = await funes.tools.list({
      ...(tag.length > 0 && { filter: { tags: tag } }),
      includeRemoved: removed,
      ...(limit !== undefined && { limit }),
      ...(cursor !== undefined && { cursor }),
    })
    return {
      data: page,
      show: (width) => [
        ...(page.items.length === 0 ? ['No tools.'] : drawTable(page.items, COLUMNS, width)),
        ...(page.nextCursor === null ? [] : ['', `More: --cursor ${page.nextCursor}`]),
      ],
    }
  },
})

export const toolsShow = defineCommand({
  name: 'tools show',
  summary: 'a tool with its parameters and versions',
  operands: [NAME],
  options: {
    version: { type: 'integer', min: 1, value: 'n', about: 'as it was with this version' },
    ...CONNECTION,
  },
  examples: [{ line: 'funes tools show send_email --version 1', about: 'what it was at first' }],
  async run({ values, operands: [name = ''] }, session) {
    const { version } = values
    const funes = await session.open(values, ROWS)
    const tool = await funes.tools.get({
      name,
      includeRemoved: true,
      ...(version !== undefined && { version }),
    })
    if (tool === null) {
      const what =
        version === undefined ? 'There is no tool of that name.' : 'There is no such version of it.'
      throw cliError('CLI.TOOL_NOT_FOUND', what, '`funes tools list` names those that there are.')
    }
    const versions = await funes.tools.versions({ name })
    return {
      data: { tool, versions },
      show: () => [
        ...drawFacts(
          [
            ['tool', tool.name],
            ['description', tool.description],
            ['version', `${tool.version} of ${versions.length}`],
            ['enabled', tool.enabled ? 'yes' : 'no'],
            ['tags', tool.tags.join(', ')],
            ['registered', minute(tool.createdAt)],
            ['changed', minute(tool.updatedAt)],
            ['removed', minute(tool.removedAt)],
          ],
          // A description is shown whole: the terminal breaks it.
          Number.POSITIVE_INFINITY,
        ),
        '',
        ...JSON.stringify(tool.parameters, null, 2).split('\n'),
      ],
    }
  },
})

export const toolsRegister = defineCommand({
  name: 'tools register',
  summary: 'register the tools in a JSON file, or what has changed of them',
  details:
    'The file holds a tool, a list, or { "tools": [...] } as an MCP server lists them; one without a description is described by its ' +
    'title or its name. A changed description or schema makes a new version; the same again changes nothing.',
  operands: [{ name: 'file', about: 'JSON; - is stdin', required: true, path: 'file' }],
  options: {
    'no-vector': {
      type: 'flag',
      about: 'make no vectors: new tools are found by their words only, and those that have a vector keep it',
    },
    ...VECTORS,
    ...CONNECTION,
  },
  examples: [
    { line: 'funes tools register tools.json --embedder energetic', about: 'found by meaning too' },
    { line: 'funes tools register - --no-vector', about: 'from another program, found by their words' },
  ],
  async run({ values, operands: [file = ''] }, session) {
    const tools = readTools(file, values['no-vector'])
    const funes = await session.open(values, ROWS)
    const registered = await funes.tools.registerMany(tools)
    const outcome: Column<RegisteredTool> = { title: 'outcome', of: (tool) => tool.outcome }
    return {
      data: { tools: registered },
      show: (width) => drawTable(registered, [outcome, ...COLUMNS], width),
    }
  },
})

export const toolsSelect = defineCommand({
  name: 'tools select',
  summary: 'the tools that are best for what is to be done',
  operands: [{ name: 'text', about: 'the request, in words', required: true, many: true }],
  options: {
    k: { type: 'integer', short: 'k', min: 1, max: 200, value: 'n', about: 'how many; 5 unless given' },
    tag: { type: 'text', value: 'tag', many: true, about: 'only tools that have all of these' },
    rank: { type: 'flag', about: 'rank by relevance, success and recent use' },
    ...VECTORS,
    ...CONNECTION,
  },
  examples: [{ line: "funes tools select 'let Ada know that I am late' -k 3", about: 'by their words' }],
  async run({ values, operands }, session) {
    const { k, tag, rank } = values
    const funes = await session.open(values, { rows: rank ? 'everyone' : 'nobody' })
    const hits = await funes.tools.select({
      text: operands.join(' '),
      ...(k !== undefined && { k }),
      ...(tag.length > 0 && { filter: { tags: tag } }),
      ...(rank && { ranking: {} }),
    })
    const columns: Column<ToolHit>[] = [
      { title: 'score', of: ({ score }) => score.toFixed(3), align: 'right' },
      { title: 'tool', of: ({ tool }) => tool.name },
      { title: 'description', of: ({ tool }) => tool.description, flexible: true },
    ]
    return {
      data: { hits },
      show: (width) => (hits.length === 0 ? ['No tools.'] : drawTable(hits, columns, width)),
    }
  },
})

export const toolsRemove = defineCommand({
  name: 'tools remove',
  summary: 'take a tool out of the registry, with --purge-usage for good',
  details: 'Its versions and usage stay, and registering it brings it back, unless --purge-usage is given.',
  operands: [NAME],
  options: {
    'purge-usage': { type: 'flag', about: 'remove its versions and its usage too' },
    ...YES,
    ...CONNECTION,
  },
  examples: [
    { line: 'funes tools remove send_email', about: 'asks first' },
    { line: 'funes tools remove send_email --purge-usage --yes', about: 'from a script, for good' },
  ],
  async run({ values, operands: [name = ''] }, session) {
    const purgeUsage = values['purge-usage']
    const what = purgeUsage ? `the tool ${name} with its versions and usage` : `the tool ${name}`
    const place = session.placeOf(values).name
    await session.confirm(`Remove ${what} from ${place}${purgeUsage ? ', for good' : ''}?`, values.yes)
    const funes = await session.open(values, { rows: purgeUsage ? 'everyone' : 'nobody' })
    const tool = await funes.tools.remove({ name, purgeUsage })
    return { data: tool, show: () => [`${tool.name} is removed.`] }
  },
})
