import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Alert, alerts, contactPointsFile, policiesFile, rulesFile } from '../../grafana/src/alerts.ts';
import { allBoards } from '../../grafana/src/boards.ts';
import { dataSourceFile } from '../../grafana/src/data-sources.ts';
import { repository } from '../command-line.ts';

const boards = allBoards();
interface Rule {
  readonly uid: string;
  readonly title: string;
  readonly condition: string;
  readonly data: readonly { readonly refId: string; readonly datasourceUid: string; readonly model: { readonly expression?: string } }[];
  readonly dashboardUid: string;
  readonly panelId: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}
const { groups } = rulesFile(boards) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

it('each rule asks a provisioned store, and leads to the panel that it names', () => {
  const { datasources } = dataSourceFile() as { datasources: { uid: string }[] };
  const known = ['__expr__', ...datasources.map(({ uid }) => uid)];
  expect(rules).toHaveLength(alerts.length);
  expect(new Set(rules.map(({ uid }) => uid)).size).toBe(rules.length);
  for (const [i, rule] of rules.entries()) {
    expect(rule.uid).toMatch(/^[a-z-]{1,40}$/);
    expect(known).toEqual(expect.arrayContaining(rule.data.map(({ datasourceUid }) => datasourceUid)));
    expect(rule.data.map(({ refId, model }) => [refId, model.expression])).toEqual([
      ['A', undefined],
      ['B', 'A'],
      ['C', 'B'],
    ]);
    expect(rule.condition).toBe('C');
    const panel = boards.find(({ uid }) => uid === rule.dashboardUid)?.panels?.find(({ id }) => id === rule.panelId);
    expect(panel).toMatchObject({ title: alerts[i].panel });
    expect(rule.annotations).toMatchObject({ __dashboardUid__: rule.dashboardUid, __panelId__: String(rule.panelId) });
  }
});

it('a board or panel that is not there is an error', () => {
  expect(() => rulesFile(boards.filter(({ uid }) => uid !== 'sluice-host'))).toThrow(/board sluice-host has no panel 'Disks, how full'/);
});

it('one rule speaks when nothing is heard of a process, one when the store cannot be asked', () => {
  const titles = (wanted: (alert: Alert) => boolean): string[] => alerts.filter(wanted).map(({ title }) => title);
  expect(titles(({ nothing }) => nothing === 'Alerting')).toEqual(['Not ready']);
  expect(titles(({ failing }) => failing === 'Alerting')).toEqual(['Store away']);
});

it('Grafana takes nothing for a variable that is none, and addresses from two', () => {
  // Annotations may name labels and values, but braces would be filled in; labels and policies are filled in throughout.
  for (const { annotations, labels } of rules) {
    expect(Object.values(annotations).join()).not.toContain('${');
    expect(Object.values(labels).join()).not.toContain('$');
  }
  expect(JSON.stringify(policiesFile())).not.toContain('$');
  expect(JSON.stringify(contactPointsFile()).match(/\$\w+/g)).toEqual(['$SLUICE_ALERT_WEBHOOK', '$SLUICE_ALERT_EMAIL']);
});

it('policies send to a contact point that is there', () => {
  const { contactPoints } = contactPointsFile() as { contactPoints: { name: string }[] };
  const { policies } = policiesFile() as { policies: { receiver: string; routes: { receiver: string }[] }[] };
  const names = contactPoints.map(({ name }) => name);
  for (const { receiver, routes } of policies) expect(names).toEqual(expect.arrayContaining([receiver, ...routes.map((route) => route.receiver)]));
});

it('the page on operations says what to do for each alert, and for no other', () => {
  const page = readFileSync(join(repository, 'docs/operations.md'), 'utf8').split('\n## Alerts\n')[1].split('\n## ')[0];
  const named = [...page.matchAll(/^\| ([^|]+?) \|/gm)].map(([, name]) => name).filter((name) => name !== 'alert' && !name.startsWith('-'));
  expect(named.sort()).toEqual(alerts.map(({ title }) => title).sort());
});
