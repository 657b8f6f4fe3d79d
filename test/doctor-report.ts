import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, vi } from 'vitest';
import type { Finding } from '../core/finding.ts';
import { type Ended, Sluice } from './command-line.ts';

/** Each look takes a process of its own; several in a test take their time on a busy machine. */
export const looksTimeout = (): void => vi.setConfig({ testTimeout: 120_000 });

/** A folder with thirty rows of a plant in plant.csv, while the tests of a file run. */
export function plantFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const rows = Array.from({ length: 30 }, (_, i) => `2024-01-01T00:00:${String(i).padStart(2, '0')}Z,${i},${i % 3}`);
  writeFileSync(join(folder, 'plant.csv'), `time,FLOW,LEVEL\n${rows.join('\n')}\n`);
  return folder;
}

/** What `sluice doctor --json` says. */
export interface Report {
  readonly ok: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly checks: readonly (Finding & { readonly section: string })[];
  readonly code: number | null;
  /** The findings of a section whose title begins so, in short: `ok broker: …`. */
  of(section: string): string[];
  /** The one finding of this name. */
  find(check: string): Finding;
}

let pipelines = 0;

interface Parts {
  readonly bus?: object | string;
  readonly store?: object | string;
  readonly more?: object;
  readonly topic?: string;
}

/** Runs `sluice doctor --json` on a pipeline of this bus and store, which reads the plant of the folder. */
export async function examined(folder: string, parts: Parts, cwd = folder): Promise<Report> {
  const file = join(cwd, `${pipelines++}.yaml`);
  const { bus = 'memory', store = { type: 'duckdb', path: `${pipelines}.duckdb` }, more = {}, topic = 'plant' } = parts;
  const source = { type: 'csv', path: join(folder, 'plant.csv') };
  writeFileSync(file, JSON.stringify({ stream: 'plant', topic, source, detectors: { mahalanobis: {} }, serve: false, bus, store, ...more }));
  return report(await new Sluice(['doctor', file, '--json'], cwd).ended);
}

export function report({ stdout, stderr, code }: Ended): Report {
  expect(stderr).toBe('');
  const parsed = JSON.parse(stdout) as Omit<Report, 'code' | 'of' | 'find'>;
  const failed = parsed.checks.filter(({ status }) => status === 'failed');
  expect({ ok: parsed.ok, code }).toEqual({ ok: failed.length === 0, code: failed.length === 0 ? 0 : 4 });
  for (const { status, fix, check } of parsed.checks) if (status === 'failed' || status === 'warning') expect(fix, check).toMatch(/^[A-Z`].*\S$/s);
  return {
    ...parsed,
    code,
    of: (section) => parsed.checks.filter((each) => each.section.startsWith(section)).map(({ status, check, found }) => `${status} ${check}: ${found}`),
    find(check) {
      const found = parsed.checks.filter((each) => each.check === check);
      expect(found, `${check} of ${parsed.checks.map((each) => each.check).join(', ')}`).toHaveLength(1);
      const [{ section: _, ...finding }] = found;
      return finding;
    },
  };
}
