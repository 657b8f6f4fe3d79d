import type { Writable } from 'node:stream';
import { MultiBar } from 'cli-progress';
import { formatDuration, formatTime } from '../core/time.ts';

/** Where progress is shown; `process.stderr`, or anything that can be written to. */
export type ProgressStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** How far a run is. */
export interface ProgressState {
  /** Rows taken from the source, including those of earlier runs. */
  readonly read: number;
  readonly stored?: number;
  /** What it is doing: `warm-up 1200 of 3600`, `replaying at 60x`. */
  readonly stage?: string;
  /** Share of the source that has been read, 0 to 1, where the number of rows is not known. */
  readonly progress?: number;
  /** Nothing comes any more: there is no rate and no time left. */
  readonly ended?: boolean;
}

export interface Progress {
  update(state: ProgressState): void;
  /** A line for people, above the bar where there is one; on a terminal broken between words, JSON never. */
  line(text: string): void;
  /** Shows the last state once more and gives the terminal back. Can be called twice. */
  stop(): void;
}

export interface ProgressOptions {
  readonly stream: ProgressStream;
  /** Rows of the source, where known. */
  readonly total?: number | undefined;
  /** `lines`: no progress, only what `line` is given; `nothing`: not even that, for --quiet and --json. */
  readonly show?: 'progress' | 'lines' | 'nothing' | undefined;
}

/** Without a terminal a line is written every so many milliseconds, or when a tenth of the rows has come. */
const interval = 5000;

/** The rate is taken over the last so many milliseconds: with a pace it changes when the warm-up ends. */
const rateSpan = 5000;

/**
 * A bar on a terminal, plain lines elsewhere: rows read and stored, rows/s, time left and the stage.
 * @example
 * makeProgress({ stream: process.stderr, total: 3600, show: 'nothing' }).stop(); // undefined
 */
export function makeProgress({ stream, total, show = 'progress' }: ProgressOptions): Progress {
  if (show === 'nothing') return { update: () => undefined, line: () => undefined, stop: () => undefined };
  const line = (text: string) => void stream.write(`${fitted(text, stream)}\n`);
  if (show === 'lines') return { update: () => undefined, line, stop: () => undefined };
  const meter = makeMeter(total);
  return stream.isTTY ? barProgress(stream, meter) : lineProgress(line, meter);
}

function barProgress(stream: ProgressStream, meter: Meter): Progress {
  const bars = new MultiBar({
    stream,
    format: (options, { progress }, payload: { text: string }) => {
      const width = widthOf(stream) - echo;
      if (payload.text.startsWith(' ')) return shortened(payload.text.trim(), width);
      const share = `${String(Math.floor(progress * 100)).padStart(3)} %`;
      const cells = Math.max(0, Math.min(30, width - payload.text.length - share.length - 2));
      const full = Math.round(cells * progress);
      const bar = `${(options.barCompleteString ?? '').slice(0, full)}${(options.barIncompleteString ?? '').slice(0, cells - full)}`;
      return shortened(`${bar}${cells > 0 ? ' ' : ''}${share} ${payload.text}`, width);
    },
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    fps: 5,
    linewrap: true,
    hideCursor: true,
    forceRedraw: true,
    gracefulExit: false,
    emptyOnZero: true,
  });
  const bar = bars.create(1, 0, { text: ' starting' });
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    process.removeListener('exit', stop);
    bars.stop();
  };
  // Whatever ends the process, the terminal gets its cursor back.
  process.once('exit', stop);
  return {
    update(state) {
      if (stopped) return;
      const share = meter.add(state, performance.now());
      // Without a known end there is nothing to fill: the text stands alone.
      bar.update(share ?? 0, { text: share === undefined ? ` ${meter.text()}` : meter.text() });
    },
    line(text) {
      const lines = `${fitted(text, stream)}\n`;
      if (stopped) {
        stream.write(lines);
        return;
      }
      bars.log(lines);
      bars.update();
    },
    stop,
  };
}

function lineProgress(line: (text: string) => void, meter: Meter): Progress {
  let lastAt = Number.NEGATIVE_INFINITY;
  let lastTenth = 0;
  let unsaid = false;
  let endSaid = false;
  const say = () => {
    unsaid = false;
    // The word tells it from an incident, which begins with a time of the plant.
    line(`progress ${formatTime(BigInt(Date.now()) * 1_000_000n)} ${meter.text()}`);
  };
  return {
    update(state) {
      const now = performance.now();
      const share = meter.add(state, now);
      const tenth = Math.floor((share ?? 0) * 10);
      unsaid = true;
      const ends = state.ended === true && !endSaid;
      if (!ends && now - lastAt < interval && tenth <= lastTenth) return;
      endSaid ||= ends;
      lastAt = now;
      lastTenth = Math.max(lastTenth, tenth);
      say();
    },
    line,
    stop() {
      if (unsaid) say();
    },
  };
}

interface Meter {
  /** Share of the whole that is read, or undefined when nobody knows the whole. */
  add(state: ProgressState, now: number): number | undefined;
  text(): string;
}

function makeMeter(total: number | undefined): Meter {
  const marks: { at: number; read: number }[] = [];
  let state: ProgressState = { read: 0 };
  let share: number | undefined;
  return {
    add(next, now) {
      state = next;
      const known = total !== undefined && total > 0 ? next.read / total : next.progress;
      share = known === undefined ? undefined : Math.min(1, Math.max(0, known));
      marks.push({ at: now, read: next.read });
      while (marks.length > 2 && now - marks[1].at >= rateSpan) marks.shift();
      return share;
    },
    text() {
      const first = marks[0];
      const last = marks.at(-1);
      const span = first && last ? last.at - first.at : 0;
      const rate = !state.ended && first && last && span > 0 ? ((last.read - first.read) * 1000) / span : 0;
      const whole = total ?? (share ? state.read / share : undefined);
      const left = whole !== undefined && rate > 0 ? ((whole - state.read) * 1000) / rate : undefined;
      return [
        `${count(state.read)}${total === undefined ? '' : ` of ${count(total)}`} rows`,
        ...(state.stored === undefined ? [] : [`${count(state.stored)} stored`]),
        ...(rate > 0 ? [`${count(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate))} rows/s`] : []),
        ...(left !== undefined && left >= 1000 ? [`${formatDuration(left)} left`] : []),
        ...(state.stage === undefined ? [] : [state.stage]),
      ].join(', ');
    },
  };
}

/** Columns left free at the end of the bar: a terminal writes `^C` there, and one that wraps would show the bar twice. */
const echo = 4;

function widthOf({ columns }: ProgressStream): number {
  return columns && columns > 0 ? columns : 80;
}

function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}\u2026`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour takes no column
const colour = /\u001b\[[\d;]*m/g;

/** Lines that are broken where a word ends, under the text of a `name   text` line or indented; elsewhere than on a terminal as they are. */
function fitted(text: string, stream: ProgressStream): string {
  if (!stream.isTTY) return text;
  return text
    .split('\n')
    .map((line) => wrapped(line, widthOf(stream)))
    .join('\n');
}

function wrapped(text: string, width: number): string {
  const columns = (part: string): number => part.replace(colour, '').length;
  if (columns(text) <= width || text.startsWith('{')) return text;
  const name = /^\S+ {2,}/.exec(text)?.[0] ?? '';
  const indent = ' '.repeat(name.length || 4);
  const lines = [''];
  let used = 0;
  // A number and its % are one word.
  for (const word of text.slice(name.length).split(/ (?!%)/)) {
    const space = lines.length === 1 ? name.length : indent.length;
    if (used > 0 && space + used + 1 + columns(word) > width) {
      lines.push('');
      used = 0;
    }
    lines[lines.length - 1] += used > 0 ? ` ${word}` : word;
    used += columns(word) + (used > 0 ? 1 : 0);
  }
  return name + lines.join(`\n${indent}`);
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}
