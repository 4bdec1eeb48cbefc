import type { OptionSpecs } from './command.js'

/** What every command takes. */
export const GENERAL = {
  json: { type: 'flag', about: 'one JSON document on stdout, nothing else; messages go to stderr' },
  help: { type: 'flag', short: 'h', about: 'what this command does, with examples' },
} as const satisfies OptionSpecs

/** Which database. */
export const CONNECTION = {
  url: {
    type: 'text',
    value: 'url',
    about:
      'a PostgreSQL server, as postgresql://user@host/name. Better in FUNES_DATABASE_URL: everyone on this machine can ' +
      'read a command line with ps. Else DATABASE_URL; else the embedded database.',
  },
  'data-dir': {
    type: 'text',
    value: 'folder',
    path: 'folder',
    about: 'the folder of the embedded database; else FUNES_DATA_DIR, else .funes',
  },
} as const satisfies OptionSpecs

/** Which vectors, and what makes them. */
export const VECTORS = {
  model: {
    type: 'text',
    value: 'name',
    env: 'FUNES_MODEL',
    about: 'the embedding model whose vectors are meant; unless given that of the embedder, or default',
  },
  embedder: {
    type: 'text',
    value: 'name',
    env: 'FUNES_EMBEDDER',
    about:
      'what makes vectors of texts: energetic, transformers, transformers:<model>@<dimensions> (both need ' +
      '@funes/embedders), or ./file.mjs whose default export is an embedder',
  },
} as const satisfies OptionSpecs

export const USER = {
  user: { type: 'text', short: 'u', value: 'id', about: 'whose memories' },
} as const satisfies OptionSpecs

export const YES = {
  yes: { type: 'flag', short: 'y', about: 'do not ask; needed where there is no terminal to ask on' },
} as const satisfies OptionSpecs
