import { defineConfig } from 'vitest/config';
import { ServersFirst } from './test/servers-first.ts';

export default defineConfig({
  test: {
    include: ['{core,kernels,connectors,producer,processor,evaluate,serve,dashboard,cli,scripts,test}/**/*.test.ts'],
    exclude: ['test/long/**', 'node_modules/**', 'dist/**'],
    globalSetup: ['test/stack/shared-stack.ts'],
    setupFiles: ['test/property-seed.ts'],
    // Tests of servers mostly wait for them.
    maxWorkers: 3,
    sequence: { sequencer: ServersFirst },
    // For what hangs. A slow or busy machine is no failure, so no test has a shorter limit of its own.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    coverage: {
      provider: 'v8',
      include: ['{core,kernels,connectors,producer,processor,evaluate,serve,cli}/**/*.ts'],
      exclude: ['test/**', '**/*.test.ts', '**/*.generated.ts', '**/fixtures/**', 'kernels/simd/assembly/**'],
      reportOnFailure: true,
      reporter: ['text-summary', 'json-summary', 'html'],
      thresholds: {
        'core/**/*.ts': { lines: 90 },
        'kernels/**/*.ts': { lines: 90 },
        'connectors/**/*.ts': { lines: 90 },
        'producer/**/*.ts': { lines: 90 },
        'processor/**/*.ts': { lines: 90 },
        // The offline scripts are programs: a test runs each of them whole, in a process of its own.
        'evaluate/{*,report/*}.ts': { lines: 90 },
      },
    },
  },
});
