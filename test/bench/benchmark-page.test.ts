import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { hottest } from '../../bench/benchmark/cpu-profile.ts';
import { renderPage } from '../../bench/benchmark/page.ts';
import { parts } from '../../bench/benchmark/parts.ts';
import type { BenchmarkResult, PartResult } from '../../bench/benchmark/result.ts';
import { repository } from '../command-line.ts';

const speed = (detector: string, batchRowsPerSecond: number, singleRowsPerSecond: number) => ({ detector, batchRowsPerSecond, singleRowsPerSecond });

function detectors(lof: number): PartResult {
  const own = speed('lof', lof, 4000);
  const peer = { ...speed('lof', 10_000, 1000), madeWith: 'scikit-learn 1.9.1, numpy 2.4.6' };
  const printed = { results: [{ rows: 'plant', detectors: [{ own, peer }, { own: { ...speed('dbscan', 8000, 5000), explainedRowsPerSecond: 1234 } }] }] };
  return { part: 'detectors', seconds: 61.4, figures: parts.detectors.figures(printed) };
}

function run(...results: PartResult[]): BenchmarkResult {
  return {
    began: '2026-02-03T04:05:06.789Z',
    commit: 'abc1234',
    machine: { cpu: 'A processor', cores: 2, memoryGb: 8, platform: 'linux x64', node: 'v20.20.0' },
    load: { start: [0.5, 1, 1.25], end: [2, 1.5, 1] },
    parts: results,
  };
}

const descriptions = { detectors: 'each detector', 'kafka-influx': 'from end to end', memory: 'a long csv', profile: 'a CPU profile' };
const lineOf = (page: string, begin: string): string | undefined => page.split('\n').find((line) => line.startsWith(begin));

test('each figure stands beside its peer, its target and the run before', () => {
  const page = renderPage(run(detectors(5500)), run(detectors(5000)), descriptions);
  expect(lineOf(page, '| lof, plant rows, batches')).toBe(
    '| lof, plant rows, batches of 500 | 5,500 rows/s | scikit-learn 1.9.1: 10,000 rows/s | 0.55x | >= 0.6x scikit-learn | **missed** | 5,000 rows/s (+10 %) |',
  );
  expect(lineOf(page, '| lof, plant rows, row by row')).toBe(
    '| lof, plant rows, row by row | 4,000 rows/s | scikit-learn 1.9.1: 1,000 rows/s | 4.00x | >= 0.5x in batches | met | 4,000 rows/s (+0 %) |',
  );
  expect(lineOf(page, '| dbscan, plant rows, batches')).toBe('| dbscan, plant rows, batches of 500 | 8,000 rows/s |  |  |  |  | 8,000 rows/s (+0 %) |');
  expect(lineOf(page, '| dbscan, plant rows, explained')).toBe('| dbscan, plant rows, explained | 1,234 rows/s |  |  |  |  | 1,234 rows/s (+0 %) |');
  expect(page).toContain('Of 3 targets 2 are met, 1 missed.');
  expect(lineOf(page, '| load at the start')).toBe('| load at the start | 0.50 1.00 1.25 |');
  expect(lineOf(page, '| machine')).toBe('| machine | A processor, 2 cores, 8 GB, linux x64, Node v20.20.0 |');
  expect(page).not.toContain('## Not measured');
});

test('the first run has nothing before it, and what could not be measured is named', () => {
  const skipped = { part: 'kafka-influx', seconds: 0, figures: [], skipped: 'needs Kafka: start one' };
  const page = renderPage(run(detectors(7000), skipped), undefined, descriptions);
  expect(lineOf(page, '| before')).toBe('| before | nothing |');
  expect(lineOf(page, '| lof, plant rows, batches')).toMatch(/\| met \| {2}\|$/);
  expect(page).toContain('## Not measured\n\n- kafka-influx: needs Kafka: start one\n');
});

test('a short run cannot meet a target of ten million rows, but miss it', () => {
  const memory = (rows: number, peakRssMb: number): string => {
    const figures = parts.memory.figures({ rows, peakRssMb, slopeMbPerMillionRows: 0 });
    return renderPage(run({ part: 'memory', seconds: 9, figures }), undefined, descriptions);
  };
  expect(lineOf(memory(1_000_000, 400), '| peak of 1,000,000 rows')).toContain('| not told |');
  expect(lineOf(memory(1_000_000, 451), '| peak of 1,000,000 rows')).toContain('| **missed** |');
  expect(lineOf(memory(10_000_000, 400), '| peak of 10,000,000 rows')).toContain('| met |');
});

test('a profile becomes the functions with most time of their own, without idle time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const node = (id: number, functionName: string, url = '') => ({ id, callFrame: { functionName, url, lineNumber: 6 } });
  const score = pathToFileURL(join(repository, 'processor/score.ts')).href;
  const elsewhere = pathToFileURL('/elsewhere/node_modules/@some/package/lib/index.js').href;
  const nodes = [node(1, '(idle)'), node(2, 'score', score), node(3, 'append', elsewhere), node(4, '(program)'), node(5, 'score', score)];
  await writeFile(join(folder, 'a.cpuprofile'), JSON.stringify({ nodes, samples: [1, 2, 3, 4, 5], timeDeltas: [1000, 30, 15, 5, 50] }));
  const profile = await hottest(folder, 2);
  expect(profile).toEqual([
    { name: 'score', place: 'processor/score.ts:7', share: 0.8 },
    { name: 'append', place: '@some/package/lib/index.js:7', share: 0.15 },
  ]);
  const page = renderPage(run({ part: 'profile', seconds: 3, figures: [], profile }), undefined, descriptions);
  expect(lineOf(page, '| `score`')).toBe('| `score` | processor/score.ts:7 | 80.0 % |');
  expect(page).toContain('## What limits it');
});

test('threads count together, functions of WebAssembly have their names, and the profile before stands beside', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const nodes = (functionName: string, url: string) => [
    { id: 1, callFrame: { functionName, url, lineNumber: 0 } },
    { id: 2, callFrame: { functionName: 'wait', url: '', lineNumber: -1 } },
  ];
  const wasm = nodes('kernels/simd/assembly/index/linearMap', 'wasm://wasm/c08a67d6');
  for (const [name, micros] of [
    ['a.cpuprofile', 40],
    ['b.cpuprofile', 20],
  ] as const)
    await writeFile(join(folder, name), JSON.stringify({ nodes: wasm, samples: [1, 2], timeDeltas: [micros, 500] }));
  await writeFile(join(folder, 'c.cpuprofile'), JSON.stringify({ nodes: nodes('parse', ''), samples: [1], timeDeltas: [40] }));
  const profile = await hottest(folder, 2);
  expect(profile).toEqual([
    { name: 'linearMap', place: 'kernels/simd/assembly/index.ts', share: 0.6 },
    { name: 'parse', place: 'Node', share: 0.4 },
  ]);
  const part = { part: 'profile', seconds: 3, figures: [] };
  const before = [{ name: 'linearMap', place: 'elsewhere.ts', share: 0.25 }, { name: 'append', place: 'Node', share: 0.125 }]; // biome-ignore format: one line
  const page = renderPage(run({ ...part, profile }), run({ ...part, profile: before }), descriptions);
  expect(lineOf(page, '| `linearMap`')).toBe('| `linearMap` | kernels/simd/assembly/index.ts | 60.0 % | 25.0 % |');
  expect(lineOf(page, '| `parse`')).toBe('| `parse` | Node | 40.0 % |  |');
  expect(page).toContain('Among the first ten before: `append` 12.5 %.');
});
