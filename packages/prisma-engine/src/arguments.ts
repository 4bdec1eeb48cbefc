/** What the Prisma CLI may ask of a schema engine's executable. */
type Command = 'serve' | 'version' | 'can-connect-to-database' | 'create-database'

export interface Arguments {
  readonly command: Command
  /** Paths of the schema files, in the CLI's order. */
  readonly schemaPaths: readonly string[]
  /** The database, from the datasource of prisma.config.ts. */
  readonly url: string | undefined
  readonly shadowUrl: string | undefined
}

const DATABASE_COMMANDS = ['can-connect-to-database', 'create-database'] as const

interface Datasource {
  url?: string | null
  shadowDatabaseUrl?: string | null
}

/**
 * Reads what the CLI passes: `--datamodels PATH` for each schema file and `--datasource JSON`, or
 * `--datasource JSON cli COMMAND`. Other options (preview features, extension types) mean nothing to the engine
 * inside and are passed over with their value.
 *
 * @throws when the command or the JSON cannot be understood
 */
export function readArguments(argv: readonly string[]): Arguments {
  const schemaPaths: string[] = []
  let datasource: Datasource = {}
  let command: Command = 'serve'
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]
    if (argument === '--version' || argument === '-V') {
      command = 'version'
      continue
    }
    if (argument === 'cli') {
      command = databaseCommand(argv[++i])
      continue
    }
    if (argument?.startsWith('-') !== true)
      throw new Error(`Found argument '${argument}' which wasn't expected.`)
    const value = argv[++i]
    if (value === undefined)
      throw new Error(`The argument '${argument}' requires a value but none was supplied.`)
    if (argument === '--datamodels' || argument === '-d') schemaPaths.push(value)
    if (argument === '--datasource') datasource = readDatasource(value)
  }
  return {
    command,
    schemaPaths,
    url: datasource.url || undefined,
    shadowUrl: datasource.shadowDatabaseUrl || undefined,
  }
}

function databaseCommand(name: string | undefined): Command {
  const command = DATABASE_COMMANDS.find((known) => known === name)
  if (command === undefined) throw new Error(`The subcommand '${name}' wasn't recognized.`)
  return command
}

function readDatasource(json: string): Datasource {
  try {
    return JSON.parse(json) as Datasource
  } catch {
    // Not the JSON itself: it may hold a password.
    throw new Error('The value of --datasource is not JSON.')
  }
}
