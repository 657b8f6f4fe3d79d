import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { type Examined, examine } from '../cli/doctor/examination.ts';
import { machineFindings } from '../cli/doctor/machine.ts';
import { loadForDoctor, pipelineSections } from '../cli/doctor/pipeline.ts';
import { countsOf } from '../cli/doctor/report.ts';
import type { Finding } from '../core/finding.ts';
import { type Ended, Sluice } from './command-line.ts';

/** A folder with thirty rows of a plant in plant.csv, while the tests of a file run. */
export function plantFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const rows = Array.from({ length: 30 }, (_, i) => `2024-01-01T00:00:${String(i).padStart(2, '0')}Z,${i},${i % 3}`);
  writeFileSync(join(folder, 'plant.csv'), `time,FLOW,LEVEL\n${rows.join('\n')}\n`);
  return folder;
}

/** What `sluice doctor` says. */
export interface Report {
  readonly ok: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly checks: readonly (Finding & { readonly section: string })[];
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

/** What `sluice doctor` finds about a pipeline of this bus and store, which reads the plant of the folder. */
export async function examined(folder: string, parts: Parts): Promise<Report> {
  const file = pipelineFile(folder, parts, folder);
  const environment = { values: { PATH: process.env.PATH }, file: undefined };
  const sections = [{ title: 'machine', look: machineFindings }, ...(await pipelineSections(await loadForDoctor(file, [], environment), environment.values))];
  const sectionsFound: Examined[] = [];
  for await (const section of examine(sections)) sectionsFound.push(section);
  const counts = countsOf(sectionsFound);
  const checks = sectionsFound.flatMap(({ title, findings }) => findings.map((finding) => ({ section: title, ...finding })));
  return reportOf({ ok: counts.failed === 0, counts, checks });
}

/** The same as the command in a folder, with the variables that are in its `.env`. */
export async function examinedIn(cwd: string, folder: string, parts: Parts): Promise<Report> {
  return report(await new Sluice(['doctor', pipelineFile(folder, parts, cwd), '--json'], cwd).ended);
}

function pipelineFile(folder: string, parts: Parts, into: string): string {
  const file = join(into, `${pipelines++}.yaml`);
  const { bus = 'memory', store = { type: 'duckdb', path: join(into, `${pipelines}.duckdb`) }, more = {}, topic = 'plant' } = parts;
  const source = { type: 'csv', path: join(folder, 'plant.csv') };
  writeFileSync(file, JSON.stringify({ stream: 'plant', topic, source, detectors: { mahalanobis: {} }, serve: false, bus, store, ...more }));
  return file;
}

/** What `sluice doctor --json` printed, with the exit code that belongs to it. */
export function report({ stdout, stderr, code }: Ended): Report {
  expect(stderr).toBe('');
  const printed = JSON.parse(stdout) as Printed;
  expect(code).toBe(printed.ok ? 0 : 4);
  return reportOf(printed);
}

type Printed = Pick<Report, 'ok' | 'counts' | 'checks'>;

function reportOf(printed: Printed): Report {
  const { checks } = printed;
  expect(printed.ok).toBe(checks.every(({ status }) => status !== 'failed'));
  for (const { status, fix, check } of checks) if (status === 'failed' || status === 'warning') expect(fix, check).toMatch(/^[A-Z`].*\S$/s);
  return {
    ...printed,
    of: (section) => checks.filter((each) => each.section.startsWith(section)).map(({ status, check, found }) => `${status} ${check}: ${found}`),
    find(check) {
      const found = checks.filter((each) => each.check === check);
      expect(found, `${check} of ${checks.map((each) => each.check).join(', ')}`).toHaveLength(1);
      const [{ section: _, ...finding }] = found;
      return finding;
    },
  };
}
