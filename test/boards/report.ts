import { colours } from '../../cli/terminal-colours.ts';
import { textTable } from '../../cli/text-table.ts';
import type { Report } from './check-boards.ts';
import type { Finding } from './finding.ts';
import { newTally, type Tally } from './query-log.ts';

export interface Totals {
  readonly boards: number;
  readonly panels: number;
  readonly queries: number;
  readonly rows: number;
  readonly empty: number;
  readonly findings: number;
  /** Empty, and not wrong. */
  readonly notes: number;
}

export function totalsOf({ boards, alerts, tasks, chronograf, findings, notes }: Report): Totals {
  const tallies: readonly Tally[] = [...boards, ...[alerts, tasks, chronograf].map((part) => part ?? newTally())];
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((all, tally) => all + of(tally), 0);
  return {
    boards: boards.length,
    panels: boards.reduce((all, { panels }) => all + panels, 0),
    queries: sum(({ queries }) => queries),
    rows: sum(({ rows }) => rows),
    empty: sum(({ empty }) => empty),
    findings: findings.length,
    notes: notes.length,
  };
}

/** For people: a table, what there is nothing of, what is wrong, and the totals as the last line. */
export function reportText(report: Report, stream: { readonly isTTY?: boolean }): string {
  const { bold, dim, red, green } = colours(stream);
  const cells = (name: string, what: string | number, { queries, rows, slowestMs, empty }: Tally) => [name, what, queries, rows, Math.round(slowestMs), empty];
  const table = textTable(
    ['', 'panels', 'queries', 'rows', 'slowest ms', 'empty'],
    [
      ...report.boards.map((board) => cells(board.uid, board.panels, board)),
      ...(report.alerts ? [cells('alert rules', report.alerts.rules, report.alerts)] : []),
      ...(report.tasks ? [cells('tasks', report.tasks.tasks, report.tasks)] : []),
      ...(report.chronograf ? [cells('Chronograf', report.chronograf.cells, report.chronograf)] : []),
    ],
  );
  const [head, ...lines] = table.trimEnd().split('\n');
  const { boards, panels, queries, rows, empty, findings, notes } = totalsOf(report);
  const number = (value: number): string => value.toLocaleString('en');
  const counts = `${number(boards)} boards, ${number(panels)} panels, ${number(queries)} queries, ${number(rows)} rows, ${number(empty)} empty`;
  const totals = notes === 0 ? counts : `${counts}, ${number(notes)} notes`;
  const last = findings === 0 ? green(totals) : `${totals}, ${red(`${number(findings)} wrong`)}`;
  const noted = report.notes.map(({ where, what }) => `${dim('nothing there')}: ${where} ${what}`);
  return `${[bold(head), ...lines, '', ...noted, ...(notes === 0 ? [] : ['']), ...report.findings.flatMap((finding) => findingLines(finding, red, dim)), last].join('\n')}\n`;
}

function findingLines({ where, what, query }: Finding, red: (text: string) => string, dim: (text: string) => string): string[] {
  return [`${red('wrong')}  ${where}: ${what}`, ...(query ?? '').split('\n').flatMap((line) => (line.trim() === '' ? [] : [dim(`       ${line}`)])), ''];
}
