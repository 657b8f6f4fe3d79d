import { expect, it, onTestFinished } from 'vitest';
import { referenceFindings } from './board-references.ts';
import { structureFindings } from './board-structure.ts';
import { readBoards } from './dashboard.ts';
import type { Finding } from './finding.ts';
import { type SmallBoard, smallBoard, writeProvisioning } from './small-provisioning.ts';

async function findingsOf(board: object): Promise<Finding[]> {
  const { folder, remove } = await writeProvisioning(board);
  onTestFinished(remove);
  const { boards, findings } = await readBoards(`${folder}/dashboards`);
  return [...findings, ...boards.flatMap((one) => [...structureFindings(one), ...referenceFindings(one, boards)])];
}

it('a right board has nothing to find', async () => {
  expect(await findingsOf(smallBoard())).toEqual([]);
});

it('a link may carry the range of time and the variables of the board that it stands on', async () => {
  const board = smallBoard();
  const url = `/d/sluice-small?\${__url_time_range}&\${stream:queryparam}&\${__all_variables}`;
  Object.assign(board.panels[0], { links: [{ title: 'Here', url }] });
  Object.assign(board.links, [...board.links, { type: 'link', title: 'Here too', url }]);
  expect(await findingsOf(board)).toEqual([]);
});

const mistakes: [string, (board: SmallBoard) => unknown, string, RegExp][] = [
  ['panels that overlap', (board) => Object.assign(board.panels[1].gridPos, { x: 8 }), "sluice-small / panel 1 'Tags'", /^lies over panel 2 'Rows'$/],
  ['a panel beyond the edge', (board) => Object.assign(board.panels[1].gridPos, { x: 14 }), "sluice-small / panel 2 'Rows'", /beyond column 24: x 14, w 12/],
  ['an id twice', (board) => Object.assign(board.panels[1], { id: 1 }), 'sluice-small', /^the panel id 1 is there more than once$/],
  ['no unit', (board) => Object.assign(board.panels[0].fieldConfig, { defaults: {} }), "sluice-small / panel 1 'Tags'", /^has no unit$/],
  ['no description', (board) => Object.assign(board.panels[0], { description: '' }), "sluice-small / panel 1 'Tags'", /^has no description$/],
  [
    'a panel that Grafana does not have',
    (board) => Object.assign(board.panels[0], { type: 'timeserie' }),
    "sluice-small / panel 1 'Tags'",
    /'timeserie' is not known/,
  ],
  ['no query', (board) => board.panels[0].targets.splice(0), "sluice-small / panel 1 'Tags'", /^has no query$/],
  ['a query letter twice', (board) => board.panels[0].targets.push(board.panels[0].targets[0]), "sluice-small / panel 1 'Tags'", /^the refId A is/],
  [
    'a data source by its own name',
    (board) => Object.assign(board.panels[0], { datasource: { type: 'influxdb', uid: 'sluice-plant' } }),
    "sluice-small / panel 1 'Tags'",
    /is no variable/,
  ],
  [
    'a variable that nothing uses',
    (board) => board.templating.list.push({ ...board.templating.list[1], name: 'spare' }),
    'sluice-small',
    /^the variable spare is declared and not used$/,
  ],
  [
    'a variable before the one it needs',
    (board) => board.templating.list.splice(1, 2, board.templating.list[2], board.templating.list[1]),
    'sluice-small / variable tag',
    /stands before its declaration$/,
  ],
  [
    'a format that Grafana does not have',
    (board) => Object.assign(board.panels[0], { description: `\${tag:bold}` }),
    'sluice-small / panels.0.description',
    /no format 'bold'/,
  ],
  [
    'a link to no board',
    (board) => Object.assign(board.panels[0], { links: [{ title: 'x', url: '/d/sluice-none' }] }),
    'sluice-small / panels.0.links.0.url',
    /^there is no board 'sluice-none'$/,
  ],
  [
    "a link with another board's variable",
    (board) => Object.assign(board.panels[0], { links: [{ title: 'x', url: '/d/sluice-small?var-tags=a' }] }),
    'sluice-small / panels.0.links.0.url',
    /has no variable 'tags'$/,
  ],
  ['an id that Grafana chose', (board) => Object.assign(board, { id: 12 }), 'sluice-small', /^has an id/],
  ['a time that is none', (board) => Object.assign(board.time, { from: 'yesterday' }), 'sluice-small', /is no range$/],
  ['a board that is none', (board) => Object.assign(board, { panels: undefined }), 'small.json', /panels/],
];
it.each(mistakes)('%s', async (_, breakIt, where, what) => {
  const board = smallBoard();
  breakIt(board);
  expect(await findingsOf(board)).toContainEqual(expect.objectContaining({ where, what: expect.stringMatching(what) }));
});
