import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The database tests start the real program, each time with a Postgres inside it.
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 },
})
