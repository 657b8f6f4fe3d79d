import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { SourceChunk } from '../core/component.ts';
import { quote, SluiceError } from '../core/errors.ts';
import { formatDuration } from '../core/time.ts';
import { attacksPathOf } from '../producer/plant/attacks-path.ts';
import { planRecording, recordingOptions } from '../producer/plant/recording.ts';
import { attacksFile, csvText, type ListedAttack, listAttacks, mostWorkbookRows, workbookBytes } from '../producer/plant/recording-file.ts';
import { makeProgress, type Progress } from '../producer/progress.ts';
import plant from '../producer/sources/plant.ts';
import type { SimulatePlantOptions } from './commands/simulate.ts';
import { interruption } from './signals.ts';
import { terminalWidth, textTable } from './text-table.ts';
import { requireFree, writeAllWhole } from './write-whole.ts';

/** The exit code of a program that Ctrl-C ends. */
const interrupted = 130;

/** `sluice simulate plant`: a recording and, beside it, the list of its attacks. */
export async function simulatePlant({ out, force, json, ...given }: SimulatePlantOptions): Promise<void> {
  const ending = extname(out).toLowerCase();
  if (ending !== '.xlsx' && ending !== '.csv') throw new SluiceError('USAGE', `${quote(out)} does not say its format`, { fix: 'End it in .xlsx or .csv.' });
  const options = parseOptions(given);
  const recording = await planRecording(options);
  const { rows, seed } = recording;
  if (ending === '.xlsx' && rows > mostWorkbookRows) {
    throw new SluiceError('USAGE', `a sheet holds no more than ${count(mostWorkbookRows)} rows, these are ${count(rows)}`, {
      fix: 'Write a .csv file, or ask for a longer --interval.',
    });
  }
  const side = attacksPathOf(out);
  await requireOwnList(side, out);
  for (const file of [out, side]) requireFree(file, force ? { force } : {});

  const source = plant.create({ ...options, seed }, { stream: 'plant', lateness: 60_000, seed, warn: () => undefined });
  await source.open();
  const signal = interruption();
  const progress = makeProgress({ stream: process.stderr, total: rows, show: process.stderr.isTTY && !json ? 'progress' : 'nothing' });
  try {
    const chunks = watched(source.read(0), progress, signal);
    await writeAllWhole([
      [out, ending === '.csv' ? csvText(chunks) : workbookBytes(chunks)],
      [side, [attacksFile(recording, basename(out))]],
    ]);
  } catch (error) {
    if (!signal.aborted) throw error;
    progress.stop();
    process.stderr.write('interrupted: nothing was written\n');
    process.exitCode = interrupted;
    return;
  } finally {
    progress.stop();
    await source.close();
  }
  const attacks = listAttacks(recording);
  if (json) process.stdout.write(`${JSON.stringify({ out, attacksFile: side, rows, attacks })}\n`);
  else {
    process.stdout.write(`${out}: ${count(rows)} rows, ${formatDuration(rows * recording.interval * 1000)}, seed ${seed}\n`);
    process.stdout.write(`${side}: ${attacks.length === 0 ? 'no attacks' : `${attacks.length} ${attacks.length === 1 ? 'attack' : 'attacks'}`}\n`);
    if (attacks.length > 0) process.stdout.write(`\n${attackTable(attacks)}`);
  }
}

/** Recordings of one name in two formats would share a list, which tells of one of them alone. @throws USAGE */
async function requireOwnList(side: string, out: string): Promise<void> {
  const owner = await recordingOf(side);
  if (owner === undefined || owner === basename(out) || !existsSync(join(dirname(side), owner))) return;
  const ending = extname(out);
  const other = `${basename(out, ending)}-2${ending}`;
  throw new SluiceError('USAGE', `${quote(side)} lists the attacks of ${quote(owner)}`, { fix: `Give this recording another name, e.g. ${quote(other)}.` });
}

/** What a list of attacks says it belongs to; undefined where there is none, or something else in its place. */
async function recordingOf(side: string): Promise<string | undefined> {
  if (!existsSync(side)) return undefined;
  try {
    const { recording } = JSON.parse(await readFile(side, 'utf8')) as { recording?: unknown };
    return typeof recording === 'string' ? recording : undefined;
  } catch {
    // It is no list; whether it may be overwritten is asked of any file.
    return undefined;
  }
}

/** As the source takes them. @throws USAGE with every option that it does not */
function parseOptions({ hours, seed, ...texts }: Omit<SimulatePlantOptions, 'out' | 'force' | 'json'>) {
  const number = (text: string | undefined): number | string | undefined =>
    text === undefined || text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
  const given = Object.entries({ ...texts, hours: number(hours), seed: number(seed ?? '0') }).filter(([, value]) => value !== undefined);
  const { data, error } = recordingOptions.safeParse(Object.fromEntries(given), { reportInput: true });
  if (data) return data;
  throw new SluiceError(
    'USAGE',
    error.issues
      .map(({ path, message, input }) => `--${path.join('.')} ${quote(texts[path[0] as keyof typeof texts] ?? input)}: ${lowerFirst(message)}`)
      .join('; '),
    {
      fix: 'See sluice simulate plant --help.',
    },
  );
}

async function* watched(chunks: AsyncIterable<SourceChunk>, progress: Progress, signal: AbortSignal): AsyncGenerator<SourceChunk> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
    progress.update({ read: chunk.nextOffset });
  }
}

function attackTable(attacks: readonly ListedAttack[]): string {
  const width = terminalWidth();
  return textTable(
    ['#', 'START', 'LENGTH', 'FIRST ROW', 'KIND', 'TAGS', 'SIZE', 'STEALTHY', 'EFFECT'],
    attacks.map(({ number, start, end, firstRow, kind, tags, size, stealthy, effect }) => [
      number,
      start,
      formatDuration(Date.parse(end) - Date.parse(start)),
      firstRow,
      kind,
      tags.join(', '),
      size === null ? '' : Number(size.toPrecision(3)),
      stealthy ? 'yes' : '',
      effect,
    ]),
    width === undefined ? {} : { width },
  );
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
