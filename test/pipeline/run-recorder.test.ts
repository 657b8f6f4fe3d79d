import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Services } from '../../cli/broker.ts';
import { runEmbedded } from '../../cli/embedded.ts';
import { PipelineRecorder } from '../../cli/pipeline-recorder.ts';
import { RunRecorder } from '../../cli/run-recorder.ts';
import { summaryLines } from '../../cli/run-summary.ts';
import { sliceBatch } from '../../core/batch.ts';
import { loadConfig } from '../../core/config/load.ts';
import { makeLog } from '../../core/log.ts';
import { makeMetrics } from '../../core/metrics.ts';
import { parsePace } from '../../core/pace.ts';
import type { Pipeline } from '../../processor/pipeline.ts';
import { makeProgress } from '../../producer/progress.ts';
import { plantLines, plantText } from '../plant-file.ts';
import { plantStart, smallPlant } from './small-plant.ts';
import { everything, type Workbench, workbench } from './workbench.ts';

const attacks = [{ from: 1800, to: 1899, tag: 'LIT101', value: 1200 }];
const lines = plantLines(1899, { attacks });
const missing = lines.flatMap((line) => line.split(',').slice(1, 7)).filter((cell) => cell === 'Bad Input').length;

describe('RunRecorder', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench();
  });
  afterAll(() => bench.close());

  /** A run to the end of the file, or to its first chunk. */
  async function record(
    name: string,
    text: string,
    { onChunk = () => undefined, ...more }: { onChunk?: (recorder: RunRecorder, stop: AbortController) => void; staysUp?: boolean; columns?: number } = {},
  ) {
    const { staysUp = false } = more;
    const screen = Object.assign(new PassThrough(), { isTTY: true, columns: more.columns ?? 200 });
    let shown = '';
    screen.on('data', (data: Buffer) => {
      shown += data.toString();
    });
    const progress = makeProgress({ stream: screen });
    await writeFile(join(bench.folder, `${name}.csv`), text);
    const file = join(bench.folder, `${name}.yaml`);
    await writeFile(file, everything.replace('{ type: csv, path: not-read.csv }', `{ type: csv, path: ${join(bench.folder, `${name}.csv`)} }`));
    const config = await loadConfig(file, bench.registry);
    const said: string[] = [];
    const printed: string[] = [];
    const metrics = makeMetrics();
    const stop = new AbortController();
    const services = new Services(() => undefined, stop.signal, metrics);
    const recorder: RunRecorder = new RunRecorder({
      config,
      log: await makeLog({ level: 'info', stream: { write: (line) => said.push(line) } }),
      metrics,
      services,
      progress,
      pace: 'max',
      print: (line) => printed.push(line),
      staysUp,
    });
    const store = await bench.openStore(name);
    const { observer } = recorder;
    const result = await runEmbedded({
      config,
      registry: bench.registry,
      store,
      fresh: false,
      pace: parsePace('max'),
      untilEnd: true,
      signal: stop.signal,
      watch: {
        print: (line) => recorder.print(line),
        service: (name) => services.context(name),
        warn: () => undefined,
        colour: false,
        observer: {
          ...observer,
          chunk(...args) {
            observer.chunk?.(...args);
            onChunk(recorder, stop);
          },
        },
        progress: (read) => recorder.read(read),
        ended: () => recorder.ended(),
        started: (start) => recorder.start(start),
      },
    });
    await store.close();
    progress.stop();
    const shownMetrics = await recorder.runtime.metrics.metrics();
    const metric = (line: string): number => Number(new RegExp(`^${line.replace(/[{}]/g, '\\$&')} (.*)$`, 'm').exec(shownMetrics)?.[1]);
    return { recorder, services, result, metric, said, printed, shown };
  }

  it('counts what came, what is missing and what was judged while the run goes on', async () => {
    const { metric, said, recorder, result, services } = await record('whole', plantText(lines));
    expect(metric('sluice_ready')).toBe(1);
    services.context('output webhook').unavailable('it does not answer');
    expect(recorder.runtime.notReady()).toBe('output webhook: it does not answer');
    expect(await recorder.runtime.metrics.getSingleMetricAsString('sluice_ready')).toMatch(/^sluice_ready 0$/m);
    expect(metric('sluice_rows_read_total{stream="plant"}')).toBe(1899);
    expect(metric('sluice_rows_late_total{stream="plant"}')).toBe(9);
    expect(metric('sluice_values_missing_total{reason="Bad Input"}')).toBe(missing);
    expect(metric('sluice_warmup_rows{stream="plant"}')).toBe(1500);
    expect(metric('sluice_warmup_rows_needed{stream="plant"}')).toBe(1500);
    expect(metric('sluice_verdicts_total{stream="plant",detector="joint",status="undefined"}')).toBeGreaterThanOrEqual(1500);
    expect(metric('sluice_batch_seconds_count{stage="score"}')).toBe(metric('sluice_batch_seconds_count{stage="store"}'));
    // The last row is three seconds late.
    expect(metric('sluice_last_row_timestamp_seconds{stream="plant"}')).toBe(Number(plantStart) / 1e9 + 1897);
    expect(said.filter((line) => line.includes('warmed up'))).toHaveLength(1);
    const summary = recorder.summary(result);
    expect(summary).toMatchObject({ rowsRead: 1899, rowsStored: 1899, late: 9, tags: 6, ended: true, resumedAt: 0, missing: { 'Bad Input': missing } });
    expect(summary.incidents).toMatchObject({ combined: 1 });
    expect(summary.total.rowsStored).toBe(1899);
  });

  it('knows after a restart which incidents are open', async () => {
    const first = await record('resumed', plantText(lines));
    expect(first.metric('sluice_incidents_open{stream="plant",detector="combined"}')).toBe(1);
    const second = await record('resumed', plantText(lines));
    expect(second.metric('sluice_incidents_open{stream="plant",detector="combined"}')).toBe(1);
    expect(second.metric('sluice_incidents_open{stream="plant",detector="both"}')).toBe(first.metric('sluice_incidents_open{stream="plant",detector="both"}'));
    expect(second.recorder.summary(second.result)).toMatchObject({
      resumedAt: 1899,
      rowsRead: 0,
      incidents: { combined: 0 },
      total: { incidents: { combined: 1 } },
    });
  });

  it('tells on what it judges before what it finds, and which levels are a guess', async () => {
    const { printed } = await record('learned', plantText(lines));
    expect(printed[0]).toBe('warmed up on 1,500 rows: fitted on 1,050, thresholds from 375');
    expect(printed[1]).toMatch(/^warning: thresholds of clusters, joint.*: error quantile 0\.999 of 375 rows, too few to tell: .*4,000 training rows/);
    const again = await record('learned', plantText(lines));
    expect(again.printed).toEqual(['nothing new since row 1,899; --fresh begins anew']);
  });

  it('says that it is at the end, where it is told nothing more and waits', async () => {
    const first = await record('end', plantText(lines), { staysUp: true });
    expect(first.printed.at(-1)).toMatch(/^end of .*end\.csv after 1,899 rows; rows appended later are read at the next start, Ctrl-C ends$/);
    expect(first.shown).toContain('100 % 1,899 rows, 1,899 stored, at the end, waiting for Ctrl-C');
    const more = plantText(plantLines(1950, { attacks }));
    const appended = await record('end', more, { staysUp: true });
    expect(appended.recorder.summary(appended.result).rowsRead).toBe(51);
    expect(appended.printed.at(-1)).toContain('after 1,950 rows;');
    const second = await record('end', more, { staysUp: true });
    expect(second.printed).toEqual(['nothing new since row 1,950; --fresh begins anew']);
    expect(second.shown).toContain('100 % 1,950 rows, 1,950 stored, at the end, waiting for Ctrl-C');
    expect((await record('to-the-end', plantText(lines))).printed.join()).not.toContain('end of');
  });

  it('shows the share of the source that has been processed, which never falls, over a restart too', async () => {
    const shares = ({ shown }: { shown: string }): number[] => [...shown.matchAll(/(\d+) % /g)].map(([, share]) => Number(share));
    const first = await record('share', plantText(lines), { onChunk: (_, stop) => stop.abort('stop') });
    const { rowsRead } = first.recorder.summary(first.result);
    const before = shares(first).at(-1) as number;
    expect(Math.abs(before - (rowsRead / 1899) * 100)).toBeLessThan(6);
    const after = shares(await record('share', plantText(lines)));
    expect(after).toEqual(after.toSorted((a, b) => a - b));
    expect(after[0]).toBeGreaterThanOrEqual(before);
    expect(after.at(-1)).toBe(100);
  });

  it('counts seconds from the first row to the last commit, and the rate by them', async () => {
    const { recorder, result } = await record('speed', plantText(lines));
    const summary = recorder.summary(result);
    expect(summary.seconds).toBeGreaterThan(0);
    expect(summary.seconds).toBeLessThan(summary.processSeconds);
    expect(summary.rowsPerSecond).toBe(Math.round(1899 / summary.seconds));
    const [speed] = summaryLines(summary).filter((line) => line.startsWith('speed'));
    expect(speed).toContain(' rows/s: 1,899 rows in ');
    // Waiting at the end is not work.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(recorder.summary(result).seconds).toBe(summary.seconds);
  });

  it('does not call a run ended that was stopped before everything was taken in', async () => {
    const { recorder, result } = await record('stopped', plantText(lines), { onChunk: (_, stop) => stop.abort('stop') });
    const summary = recorder.summary(result);
    expect(summary.ended).toBe(false);
    expect(summary.rowsStored).toBeLessThan(1899);
  });

  it('counts as stored what a commit had when it began, not what came meanwhile', async () => {
    const config = await loadConfig(bench.config.file, bench.registry);
    const metrics = makeMetrics();
    const recorder = new PipelineRecorder({ config, log: await makeLog({ level: 'silent' }), metrics, print: () => undefined });
    const { observer } = recorder;
    const rows = smallPlant(100);
    const take = (from: number, to: number, key: string): void => {
      const batch = sliceBatch(rows, from, to);
      observer.chunk?.(
        { partition: 0, nextOffset: to, batches: [batch], dead: [] },
        [{ batch, verdicts: [], incidents: [], thresholds: [], buckets: [] }],
        { score: 0, store: 0 },
        key,
      );
    };
    const commit = (key: string, stored: number): void => observer.commit?.({ key, positions: {}, totals: { stored }, records: {} }, 0, stored);
    const counted = async (): Promise<number | undefined> => (await metrics.rowsStored.get()).values[0]?.value;
    take(0, 10, 'a');
    observer.committing?.('a');
    take(10, 30, 'a');
    take(30, 70, 'b');
    commit('a', 10);
    expect([await counted(), recorder.stored]).toEqual([10, 10]);
    observer.committing?.('b');
    observer.committing?.('a');
    commit('b', 40);
    commit('a', 30);
    expect([await counted(), recorder.stored]).toEqual([70, 70]);
    // Fenced off in the middle of a commit: the key is taken anew, and its rows come again.
    take(30, 40, 'a');
    observer.committing?.('a');
    take(40, 50, 'a');
    const totals = { read: 30, stored: 30, duplicate: 0, late: 0, dead: 0, incidents: {} };
    recorder.add({ key: 'a', totals, streams: [], stream: () => undefined, warmUp: () => new Map() } as unknown as Pipeline, { told: true });
    take(30, 50, 'a');
    observer.committing?.('a');
    commit('a', 50);
    expect([await counted(), recorder.stored]).toEqual([90, 90]);
  });
});
