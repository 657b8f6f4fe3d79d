import { defineConfig } from 'vitest/config';

/** The long tier: memory, storms, clean clones, and properties on values that are drawn anew. `npm run test:long` */
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts', '{core,kernels,connectors,producer,processor,evaluate,serve,cli}/**/*.test.ts'],
    globalSetup: ['test/stack/shared-stack.ts'],
    setupFiles: ['test/property-seed.ts'],
    env: { SLUICE_FC_SEED: process.env.SLUICE_FC_SEED ?? 'random' },
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: false,
  },
});
