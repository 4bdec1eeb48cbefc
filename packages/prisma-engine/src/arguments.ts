/** What the Prisma CLI may ask of a schema engine. */
export type Command = 'serve' | 'version' | 'can-connect-to-database' | 'create-database' | 'drop-database'

export interface Arguments {
  readonly command: Command
  /** Paths of the schema files. */
  readonly schemaPaths: readonly string[]
  readonly url: string | undefined
  readonly shadowUrl: string | undefined
}

const DATABASE_COMMANDS = ['can-connect-to-database', 'create-database', 'drop-database'] as const

/** Reads the arguments that the Prisma CLI gives: `--datamodels P --datasource JSON`, or `--datasource JSON cli COMMAND`. */
export function readArguments(argv: readonly string[]): Arguments {
  const schemaPaths: string[] = []
  let datasource: { url?: string; shadowDatabaseUrl?: string } = {}
  let command: Command = 'serve'
  for (let i = 0; i < argv.length; i++) {
    const value = argv[i + 1] ?? ''
    switch (argv[i]) {
      case '--version':
        command = 'version'
        break
      case '--datamodels':
        schemaPaths.push(...value.split(','))
        i++
        break
      case '--datasource':
        datasource = JSON.parse(value) as typeof datasource
        i++
        break
      case 'cli':
        command = DATABASE_COMMANDS.find((name) => name === value) ?? unknownCommand(value)
        i++
        break
    }
  }
  return { command, schemaPaths, url: datasource.url, shadowUrl: datasource.shadowDatabaseUrl || undefined }
}

function unknownCommand(name: string): never {
  throw new Error(`The schema engine has no command "${name}".`)
}
