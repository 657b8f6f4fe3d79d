import type { BenchmarkResult, Figure, Hot, PartResult } from './result.ts';

/** What each part is, as the page tells it. */
export type Descriptions = Readonly<Record<string, string>>;

/** docs/benchmarks.md: a run beside the one that was checked in before it. */
export function renderPage(result: BenchmarkResult, before: BenchmarkResult | undefined, descriptions: Descriptions): string {
  const { machine, load } = result;
  const earlier = new Map(before?.parts.flatMap(({ figures }) => figures).map(({ id, value }) => [id, value]));
  const measured = result.parts.filter(({ figures }) => figures.length > 0);
  const skipped = result.parts.filter((part) => part.skipped !== undefined);
  const profiles = result.parts.flatMap(({ part, profile }) =>
    profile ? [profileTable(descriptions[part] ?? part, profile, before?.parts.find((old) => old.part === part)?.profile)] : [],
  );
  const targets = result.parts.flatMap(({ figures }) => figures.flatMap(({ target }) => (target === undefined ? [] : [target.met])));
  const said = (met: boolean | undefined): number => targets.filter((each) => each === met).length;
  const sections = [
    `# Benchmarks

Made by \`npm run bench -- --require-peers --write\`; do not edit. Each part is a process of its own, one after the other. Peers did the
same work in the same run; "before" is the run that was checked in last.

| | |
|---|---|
| when | ${result.began.slice(0, 16).replace('T', ' ')} UTC, at ${result.commit} |
| machine | ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node} |
| load at the start | ${loads(load.start)} |
| load at the end | ${loads(load.end)} |
| before | ${before === undefined ? 'nothing' : `${before.began.slice(0, 16).replace('T', ' ')} UTC, at ${before.commit}, load ${loads(before.load.start)}`} |

Load is the mean number of processes that want a core, over 1, 5 and 15 minutes; above the number of cores others took part of them.
Of ${targets.length} targets ${said(true)} are met, ${said(false)} missed${said(undefined) > 0 ? `, ${said(undefined)} not told by a run of this size` : ''}.`,
    ...measured.map((part) => partSection(part, earlier, descriptions)),
    ...(skipped.length > 0 ? [`## Not measured\n\n${skipped.map(({ part, skipped: why }) => `- ${part}: ${why}`).join('\n')}`] : []),
    ...(profiles.length > 0 ? [profileSection, ...profiles] : []),
  ];
  return `${sections.join('\n\n')}\n`;
}

function partSection({ part, seconds, figures }: PartResult, earlier: ReadonlyMap<string, number>, descriptions: Descriptions): string {
  const lines = figures.map((figure) => {
    const { label, value, unit, peer, target } = figure;
    const beside = peer === undefined ? '' : `${peer.name}: ${amount(peer.value, unit)}`;
    const ratio = peer === undefined ? '' : ratioOf(value / peer.value);
    const cells = [label, amount(value, unit), beside, ratio, target?.text ?? '', verdict(figure), change(figure, earlier.get(figure.id))];
    return `| ${cells.join(' | ')} |`;
  });
  return `## ${part}

${capital(descriptions[part] ?? part)}. Took ${Math.round(seconds)} s.

| | here | peer | ratio | target | | before |
|---|---:|---:|---:|---|---|---:|
${lines.join('\n')}`;
}

const profileSection = `## What limits it

CPU profiles: functions by self time over all threads of Node, without idle time. What DuckDB does on threads of its own is not in them;
\`(program)\` is native code that is no function of JavaScript.`;

function profileTable(description: string, profile: readonly Hot[], before: readonly Hot[] | undefined): string {
  const lines = profile.map((hot) => {
    const cells = [`\`${hot.name}\``, hot.place, share(hot)];
    if (before) cells.push(share(before.find(({ name }) => name === hot.name)));
    return `| ${cells.join(' | ')} |`;
  });
  const gone = before?.filter(({ name }) => !profile.some((hot) => hot.name === name)) ?? [];
  const told = gone.length > 0 ? `\n\nAmong the first ten before: ${gone.map((old) => `\`${old.name}\` ${share(old)}`).join(', ')}.` : '';
  return `${capital(description)}:

| function | where | self time |${before ? ' before |' : ''}
|---|---|---:|${before ? '---:|' : ''}
${lines.join('\n')}${told}`;
}

function share(hot: Hot | undefined): string {
  return hot === undefined ? '' : `${(hot.share * 100).toFixed(1)} %`;
}

function verdict({ target }: Figure): string {
  if (target === undefined) return '';
  if (target.met === undefined) return 'not told';
  return target.met ? 'met' : '**missed**';
}

function change({ value, unit }: Figure, earlier: number | undefined): string {
  if (earlier === undefined) return '';
  const percent = earlier === 0 ? '' : ` (${value >= earlier ? '+' : ''}${Math.round((value / earlier - 1) * 100)} %)`;
  return amount(earlier, unit) + percent;
}

function amount(value: number, unit: Figure['unit']): string {
  const digits = Math.abs(value) < 100 ? 1 : 0;
  return `${value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits })} ${unit}`;
}

function ratioOf(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)}x`;
}

function loads(values: readonly number[]): string {
  return values.map((value) => value.toFixed(2)).join(' ');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
