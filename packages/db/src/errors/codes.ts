/**
 * Every code a {@link FunesError} can carry, with what it means. `docs/errors.md` is generated from this table.
 */
export const ERROR_CODES = {
  'CONFIG.INVALID': 'An option of createFunes, or an environment variable it reads, does not make sense.',
  'CLIENT.CLOSED': 'A call was made after close().',
  'CALL.ABORTED':
    "A call was called off by its signal. `meta.phase` says what it was doing; the signal's reason is the cause.",
  'CALL.TIMEOUT': 'A call took longer than its timeoutMs. `meta.phase` says what it was doing.',
  'INPUT.INVALID': 'An argument has the wrong type or is out of range. `meta.path` names it.',
  'INPUT.NUL_CHARACTER': 'A text holds U+0000, which PostgreSQL cannot store.',
  'EMBEDDING.DIMENSION_MISMATCH': 'A vector has another number of dimensions than its model.',
  'EMBEDDING.NOT_FINITE': 'A vector holds NaN, an infinity, or a number beyond single precision.',
  'EMBEDDING.ZERO':
    'A vector is all zeros, or so short that its square is: it says nothing of what it stands for.',
  'EMBEDDING.OUT_OF_RANGE': "A vector is beyond what the half precision of its model's index can hold.",
  'EMBEDDING.REQUIRED': 'A call needs an embedding, and neither a vector nor an embedder was given.',
  'EMBEDDING.FAILED': 'The embedder threw, or answered with the wrong number or shape of vectors.',
  'MEMORY.NOT_FOUND': 'This user has no memory with that id.',
  'MEMORY.EXISTS': 'This user already has a memory with that id.',
  'MEMORY.DUPLICATE': 'This user already has a live memory with that content. `meta.id` names it.',
  'MEMORY.KEY_REUSED':
    'An idempotency key came again with another content. `meta.id` names the memory it made.',
  'MEMORY.EXPIRED': 'A memory that was to be brought back is past its time, and no other was given.',
  'MEMORY.VERSION_NOT_FOUND': 'The memory has no version of that number.',
  'MEMORY.CONTENT_EMPTY': 'The content is empty or white space only.',
  'MEMORY.CONTENT_TOO_LONG': 'The content is longer than the configured limit.',
  'SESSION.NOT_FOUND': 'This user has no session with that id.',
  'SESSION.EXISTS': 'This user already has a session with that id.',
  'USER.NOT_FOUND': 'There is no user with that id.',
  'PURGE.INCOMPLETE':
    'Rows of the user could not be removed. `meta.tables` or `meta.constraint` names what stands in the way.',
  'PURGE.HIDDEN':
    'Row-level security hides rows from this role, so it cannot prove that nothing of the user is left.',
  'MODEL.NOT_FOUND': 'No embedding model is registered under that name.',
  'MODEL.CONFLICT': 'A model of that name is registered with other dimensions, metric or index kind.',
  'MODEL.REPLACED':
    'Another model took over from the one that this call, or its vector, was made for. `meta.replacedBy` names it.',
  'MODEL.IN_USE': 'The model is the one that memories are stored and searched under.',
  'MODEL.INCOMPLETE':
    'Memories or tools have no vector under the model that was to be used; `meta.missing` and `meta.missingTools` say how many.',
  'MODEL.INDEX_UNSUPPORTED': 'pgvector cannot index so many dimensions with that kind of index.',
  'TENANCY.FOREIGN_USER':
    'A call in the scope of a user or tenant was for somebody else, or row-level security refused such a row.',
  'TENANCY.OFF': 'The call needs row-level security, which is off in this database.',
  'TENANCY.ROLE_REFUSED': 'Scoped calls cannot run as that role: it would pass row-level security by.',
  'TOOL.NOT_FOUND': 'No tool is registered under that name, or it has no such version.',
  'TOOL.SCHEMA_INVALID':
    "A tool's parameters are no JSON Schema (draft 2020-12) of an object. `meta.path` points into the schema.",
  'TOOL.FORMAT_UNSUPPORTED':
    'A provider does not take some of the tools as they are. `meta.tools` names them, and the keyword that stands in the way.',
  'ARCHIVE.DAMAGED':
    'A line of an archive is not what was written. `meta.line` names it, `meta.damage` says why.',
  'ARCHIVE.INCOMPLETE': 'An archive ends before its last line: its export was interrupted, or it was cut.',
  'ARCHIVE.UNSUPPORTED':
    'A file is no archive of Funes, or of a format, or with columns, that this release does not know.',
  'ARCHIVE.CONFLICT':
    'A row of an archive is in the database with another content. `meta.line` and `meta.table` name it.',
  'ARCHIVE.NOT_RESUMABLE':
    'What an interrupted export left cannot be gone on with. `meta.differs` names what is another now.',
  'ARCHIVE.COMPRESSION_UNAVAILABLE': 'This Node does not know the compression that was asked for or met.',
  'ARCHIVE.IO': 'An archive could not be read or written. `meta.code` is what the system said.',
  'DB.UNREACHABLE': 'No connection to the database could be made, or it was lost.',
  'DB.AUTH_FAILED': 'The database refused the user name or password, or wants one that was not given.',
  'DB.TLS_FAILED':
    'The connection cannot be encrypted as the url asks, or the certificate of the server is not trusted.',
  'DB.DATABASE_MISSING': 'The database named in the url does not exist.',
  'DB.POOL_EXHAUSTED': 'No connection became free in time: all are in use.',
  'DB.TIMEOUT': 'A statement ran longer than its time limit and was cancelled.',
  'DB.LOCK_TIMEOUT': 'A lock was not granted in time.',
  'DB.CONFLICT':
    'Two transactions collided (serialization failure or deadlock); nothing of this one was kept.',
  'DB.POOLER':
    'A connection pooler stands in between that does not let through what was asked of the server.',
  'DB.NOT_MIGRATED': 'A table or column of Funes is missing in this database.',
  'DB.EXTENSION_MISSING': 'The pgvector extension is not there and cannot be created.',
  'DB.EXTENSION_TOO_OLD': 'The pgvector extension is older than 0.8.0.',
  'DB.SERVER_TOO_OLD': 'The PostgreSQL server is older than version 14.',
  'DB.PERMISSION_DENIED': 'The database role lacks a right that the statement needs.',
  'DB.CONSTRAINT': 'A constraint of the database refused the change. `meta.constraint` names it.',
  'DB.QUERY_FAILED': 'The database refused a statement for a reason that has no code of its own.',
  'MIGRATION.FAILED': 'A migration could not be applied; it was rolled back as a whole.',
  'MIGRATION.CHANGED': 'A migration that this database has applied differs from the one shipped.',
  'MIGRATION.UNFINISHED': 'An earlier migration run by another tool failed half-way and was not resolved.',
  'TRANSACTION.CLOSED': 'A call joined a transaction that had already ended.',
  'TRANSACTION.ABORTED': 'An earlier statement of this transaction failed, so it accepts no more.',
  'TRANSACTION.NOT_ALLOWED': 'The call cannot be part of a transaction.',
  'TRANSACTION.UNKNOWN':
    'The connection was lost in the middle of COMMIT, and whether it was kept could not be found out.',
  'TRANSACTION.TIMEOUT': 'A transaction ran longer than its time limit and was rolled back.',
  'EMBEDDED.LOCKED': 'Another process, or this one, already has this embedded data directory open.',
  'EMBEDDED.DATA_DIR_INVALID': 'The embedded data directory cannot be used.',
  'EMBEDDED.START_FAILED': 'The embedded engine could not start.',
  'EMBEDDED.CRASHED':
    'The embedded engine crashed; one in memory has lost its data, one with a directory reopens it.',
  'EMBEDDED.BUSY':
    'The one connection of the embedded engine is in use, and was asked for from beside its pool.',
} as const

/** A code of {@link ERROR_CODES}. */
export type FunesErrorCode = keyof typeof ERROR_CODES
