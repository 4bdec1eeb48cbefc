import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Every test of a database starts the real CLI several times.
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['../db/test/property-seed.ts'],
    testTimeout: 300_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    expect: { poll: { timeout: 10_000 } },
  },
})
