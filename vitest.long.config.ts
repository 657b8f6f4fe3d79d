import { defineConfig } from 'vitest/config';
import usual from './vitest.config.ts';

/** The nightly tier: all tests, some of them longer, then memory and clean clones; properties on values that are drawn anew. */
export default defineConfig({
  test: {
    ...usual.test,
    exclude: ['node_modules/**', 'dist/**'],
    env: { SLUICE_TEST_TIER: 'nightly', SLUICE_FC_SEED: process.env.SLUICE_FC_SEED ?? 'random' },
    testTimeout: 900_000,
    maxWorkers: 1,
  },
});
