import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{core,kernels,connectors,producer,processor,evaluate,serve,cli,scripts,test}/**/*.test.ts'],
    exclude: ['test/long/**', 'node_modules/**', 'dist/**'],
    testTimeout: 20_000,
  },
});
