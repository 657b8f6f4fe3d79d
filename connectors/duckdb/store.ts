import { z } from 'zod';
import { defineStore } from '../../core/component.ts';

export default defineStore({
  type: 'duckdb',
  summary: 'One file in this machine: rows in a column per tag, verdicts, incidents, position and state in one transaction.',
  fails: 'One process owns the file; others read through a socket beside it while that process lives.',
  cost: 'Some 10 bytes a value on disk, memoryLimit (more for streams of many tags) and about 130 MB above it in memory.',
  source: 'https://duckdb.org',
  transactional: true,
  options: z.strictObject({
    path: z.string().min(1).describe('The file; it and its folders are made when missing. Default: .sluice/<stream>.duckdb.'),
    memoryLimit: z
      .string()
      .regex(/^\d+(\.\d+)?\s*(KB|MB|GB|KiB|MiB|GiB)$/, 'a size such as 150MB')
      .default('150MB')
      .describe('What DuckDB may keep in memory before it writes to disk; streams of more than a hundred tags take half a MB a tag.'),
    threads: z.int().min(1).max(64).default(2).describe('Threads of DuckDB.'),
  }),
  async open(options, mode) {
    const { openStore, openStoreForReading } = await import('./open.ts');
    return mode === 'own' ? await openStore(options) : await openStoreForReading(options.path, options);
  },
  async *diagnose(options, context) {
    yield* (await import('./diagnose.ts')).diagnoseDuck(options, context);
  },
});
