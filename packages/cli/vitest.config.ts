import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The database tests start the real program, each time with a Postgres inside it.
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['../db/test/property-seed.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    expect: { poll: { timeout: 10_000 } },
  },
})
