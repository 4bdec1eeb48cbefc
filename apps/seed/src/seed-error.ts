/** Something the person at the terminal can put right. */
export interface SeedError extends Error {
  readonly code: 'SEED.REFUSED'
  readonly fix: string
}

export function seedError(message: string, fix: string): SeedError {
  return Object.assign(new Error(message), { code: 'SEED.REFUSED' as const, fix })
}

export function isSeedError(error: unknown): error is SeedError {
  return error instanceof Error && 'code' in error && error.code === 'SEED.REFUSED'
}
