import { funesError } from '../errors/funes-error.js'

/** The answer to a name, or a version, that no tool has. */
export function toolNotFound(name: string, version?: number) {
  const of = version === undefined ? '' : ` with version ${version}`
  return funesError('TOOL.NOT_FOUND', `No tool is registered as ${JSON.stringify(name)}${of}.`, {
    fix: 'Register it: `funes.tools.register({ name, description, parameters })`.',
    meta: { tool: name, ...(version !== undefined && { version }) },
  })
}
