import { defineConfig } from 'vitest/config';

/** The long tier: memory, storms, clean clones. `npm run test:long` */
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts'],
    globalSetup: ['test/stack/shared-stack.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
