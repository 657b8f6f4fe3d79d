import { type Board, type DataSourceReference, panelsOf, placeOf, type Variable } from './dashboard.ts';
import type { Finding } from './finding.ts';
import { shadowedColumns } from './grafana-macros.ts';
import { isFormat, type Reference, referencesIn } from './grafana-variables.ts';

/** Variables that every board has (https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables). */
const builtIn = new Set(
  '__from __to __interval __interval_ms __range __range_s __range_ms __rate_interval __dashboard __user __org __name __value __field __data __cell __series __url_time_range __all_variables __timezone __all timeFilter __timeFilter'.split(
    ' ',
  ),
);

/** Whether what a board refers to is there: variables, data sources, other boards and their variables. */
export function referenceFindings(board: Board, boards: readonly Board[]): Finding[] {
  return [...variableFindings(board), ...queryTextFindings(board), ...sourceFindings(board), ...linkFindings(board, boards)];
}

function variableFindings(board: Board): Finding[] {
  const { list } = board.templating;
  const declared = new Map(list.map((variable) => [variable.name, variable]));
  const findings: Finding[] = [];
  const used = new Set<string>();
  const rest = { ...board, templating: undefined };
  const texts = [
    ...textsOf(rest),
    ...list.flatMap(({ name, ...variable }) => textsOf(variable).map((text) => ({ ...text, path: `variable ${name} / ${text.path}` }))),
  ];
  for (const { path, text } of texts) {
    for (const { name, format, path: field, text: shown } of referencesIn(text)) {
      used.add(name);
      // Flux puts a column into a text in the same way, and renaming by a pattern has groups $1, $2.
      if (/^\d+$/.test(name) || (field !== undefined && !declared.has(name) && !builtIn.has(name))) continue;
      if (!declared.has(name) && !builtIn.has(name)) findings.push({ where: `${board.uid} / ${path}`, what: `the variable of ${shown} is not declared` });
      else if (format !== undefined && !isFormat(format))
        findings.push({ where: `${board.uid} / ${path}`, what: `Grafana knows no format '${format}' (${shown})` });
    }
  }
  const names = list.map(({ name }) => name);
  for (const name of names.filter((one, i) => names.indexOf(one) !== i))
    findings.push({ where: board.uid, what: `the variable ${name} is declared more than once` });
  for (const { name } of list.filter((variable) => !used.has(variable.name)))
    findings.push({ where: board.uid, what: `the variable ${name} is declared and not used` });
  for (const [at, variable] of list.entries()) findings.push(...orderFindings(board, variable, names.slice(at)));
  return findings;
}

/** A variable can only build on those before it. */
function orderFindings(board: Board, { name, query }: Variable, later: readonly string[]): Finding[] {
  const tooLate = referencesIn(query).filter((reference) => later.includes(reference.name));
  return tooLate.map(({ text }) => ({ where: `${board.uid} / variable ${name}`, what: `${text} stands before its declaration` }));
}

interface QueryText {
  readonly where: string;
  readonly flux: string;
}

function queryTexts(board: Board): QueryText[] {
  return [
    ...panelsOf(board).flatMap((panel) => panel.targets.map(({ refId, query }) => ({ where: `${placeOf(board, panel)} / ${refId}`, flux: query }))),
    ...board.annotations.list.flatMap(({ name, target }) => (target?.query ? [{ where: `${board.uid} / annotation '${name}'`, flux: target.query }] : [])),
    ...board.templating.list.filter(({ type }) => type === 'query').map(({ name, query }) => ({ where: `${board.uid} / variable ${name}`, flux: query })),
  ];
}

function queryTextFindings(board: Board): Finding[] {
  return queryTexts(board).flatMap(({ where, flux }) => [
    ...referencesIn(flux)
      .filter((reference) => board.templating.list.some(({ name }) => name === reference.name))
      .filter((reference) => !safeInFlux(flux, reference))
      .map(({ text }) => ({ where, what: `${text} is not safe in Flux: write =~ /^\${name:regex}$/ or \${name:doublequote}`, query: flux })),
    ...shadowedColumns(flux).map((text) => ({ where, what: `Grafana's server replaces ${text}: write r["..."]`, query: flux })),
  ]);
}

/** Whatever the value holds, it stays a value: escaped within a pattern, or quoted. */
function safeInFlux(flux: string, { format, text, index }: Reference): boolean {
  if (format === 'doublequote') return true;
  return format === 'regex' && flux.slice(0, index).endsWith('/^') && flux.slice(index + text.length).startsWith('$/');
}

function sourceFindings(board: Board): Finding[] {
  const sources = new Set(board.templating.list.filter(({ type }) => type === 'datasource').map(({ name }) => name));
  const wrong = (where: string, datasource: DataSourceReference | null | undefined): Finding[] => {
    const name = /^\$\{(\w+)\}$/.exec(datasource?.uid ?? '')?.[1];
    if (name !== undefined && sources.has(name) && datasource?.type === 'influxdb') return [];
    return [{ where, what: `the data source ${JSON.stringify(datasource)} is no variable of type influxdb` }];
  };
  return [
    ...panelsOf(board).flatMap((panel) => {
      const where = placeOf(board, panel);
      if (panel.targets.length === 0) return [];
      return [
        ...(panel.datasource ? wrong(where, panel.datasource) : []),
        ...panel.targets.flatMap((target) => wrong(`${where} / ${target.refId}`, target.datasource ?? panel.datasource)),
      ];
    }),
    ...board.annotations.list.filter(({ builtIn: own }) => !own).flatMap(({ name, datasource }) => wrong(`${board.uid} / annotation '${name}'`, datasource)),
    ...board.templating.list.filter(({ type }) => type === 'query').flatMap(({ name, datasource }) => wrong(`${board.uid} / variable ${name}`, datasource)),
  ];
}

function linkFindings(board: Board, boards: readonly Board[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, text } of textsOf(board)) {
    for (const [, uid, query = ''] of text.matchAll(/\/d\/((?:[\w-]|\$\{[^}]*\})+)(?:\/[\w-]*)?(?:\?([^\s)"]*))?/g)) {
      const where = `${board.uid} / ${path}`;
      const pattern = new RegExp(`^${uid.replaceAll(/\$\{[^}]*\}/g, '.+')}$`);
      const targets = boards.filter((other) => pattern.test(other.uid));
      if (targets.length === 0) findings.push({ where, what: `there is no board '${uid}'` });
      for (const name of variablesOfLink(query)) {
        for (const target of targets) {
          if (!target.templating.list.some((variable) => variable.name === name))
            findings.push({ where, what: `the board '${target.uid}' has no variable '${name}'` });
        }
      }
    }
  }
  for (const { type, tags = [] } of board.links) {
    if (type !== 'dashboards') continue;
    for (const tag of tags)
      if (!boards.some((other) => other.tags.includes(tag))) findings.push({ where: `${board.uid} / links`, what: `no board has the tag '${tag}'` });
  }
  return findings;
}

/** `var-stream=...` and `${stream:queryparam}`, which becomes the same. */
function variablesOfLink(query: string): string[] {
  return [...[...query.matchAll(/\bvar-(\w+)=/g)].map(([, name]) => name), ...[...query.matchAll(/\$\{(\w+):queryparam\}/g)].map(([, name]) => name)];
}

/** Every text of a board with the way to it. */
function textsOf(value: unknown, path = ''): { path: string; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => textsOf(one, path === '' ? key : `${path}.${key}`));
}
