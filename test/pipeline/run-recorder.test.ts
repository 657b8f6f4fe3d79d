import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runEmbedded } from '../../cli/embedded.ts';
import { RunRecorder } from '../../cli/run-recorder.ts';
import { loadConfig } from '../../core/config/load.ts';
import { makeLog } from '../../core/log.ts';
import { makeMetrics } from '../../core/metrics.ts';
import { parsePace } from '../../core/pace.ts';
import { makeProgress } from '../../producer/progress.ts';
import { plantLines, plantText } from '../plant-file.ts';
import { plantStart } from './small-plant.ts';
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
  async function record(name: string, text: string, onChunk: (recorder: RunRecorder, stop: AbortController) => void = () => undefined) {
    await writeFile(join(bench.folder, `${name}.csv`), text);
    const file = join(bench.folder, `${name}.yaml`);
    await writeFile(file, everything.replace('{ type: csv, path: not-read.csv }', `{ type: csv, path: ${join(bench.folder, `${name}.csv`)} }`));
    const config = await loadConfig(file, bench.registry);
    const said: string[] = [];
    const recorder: RunRecorder = new RunRecorder({
      config,
      log: await makeLog({ level: 'info', stream: { write: (line) => said.push(line) } }),
      metrics: makeMetrics(),
      progress: makeProgress({ stream: new PassThrough(), show: 'nothing' }),
      pace: 'max',
    });
    const store = await bench.openStore(name);
    const stop = new AbortController();
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
        print: () => undefined,
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
        started: (start) => recorder.start(start),
      },
    });
    await store.close();
    const metrics = await recorder.runtime.metrics.metrics();
    const metric = (line: string): number => Number(new RegExp(`^${line.replace(/[{}]/g, '\\$&')} (.*)$`, 'm').exec(metrics)?.[1]);
    return { recorder, result, metric, said };
  }

  it('counts what came, what is missing and what was judged while the run goes on', async () => {
    const { metric, said, recorder, result } = await record('whole', plantText(lines));
    expect(metric('sluice_rows_read_total{stream="plant"}')).toBe(1899);
    expect(metric('sluice_rows_late_total{stream="plant"}')).toBe(9);
    expect(metric('sluice_values_missing_total{reason="Bad Input"}')).toBe(missing);
    expect(metric('sluice_warmup_rows{stream="plant"}')).toBe(1500);
    expect(metric('sluice_warmup_rows_needed{stream="plant"}')).toBe(1500);
    expect(metric('sluice_verdicts_total{detector="joint",status="undefined"}')).toBeGreaterThanOrEqual(1500);
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
    expect(first.metric('sluice_incidents_open{detector="combined"}')).toBe(1);
    const second = await record('resumed', plantText(lines));
    expect(second.metric('sluice_incidents_open{detector="combined"}')).toBe(1);
    expect(second.metric('sluice_incidents_open{detector="both"}')).toBe(first.metric('sluice_incidents_open{detector="both"}'));
    expect(second.recorder.summary(second.result)).toMatchObject({
      resumedAt: 1899,
      rowsRead: 0,
      incidents: { combined: 0 },
      total: { incidents: { combined: 1 } },
    });
  });

  it('does not call a run ended that was stopped before everything was taken in', async () => {
    const { recorder, result } = await record('stopped', plantText(lines), (_, stop) => stop.abort('stop'));
    const summary = recorder.summary(result);
    expect(summary.ended).toBe(false);
    expect(summary.rowsStored).toBeLessThan(1899);
  });
});
