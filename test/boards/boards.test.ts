import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { describeWithStack } from '../stack/describe-with-stack.ts';
import { checkBoards, type Report } from './check-boards.ts';
import { type FilledStack, fillStack } from './filled-stack.ts';
import { type SmallBoard, smallBoard, writeProvisioning } from './small-provisioning.ts';

const fillWithinMs = 300_000;

describeWithStack('boards over a store that the pipeline filled', { kafka: 'own', influx: 'own' }, () => {
  let stack: FilledStack;
  beforeAll(async () => {
    stack = await fillStack(() => {});
  }, fillWithinMs);
  afterAll(() => stack?.close());

  const check = async (board: object): Promise<Report> => {
    const { folder, remove } = await writeProvisioning(board);
    onTestFinished(remove);
    return await checkBoards({ provisioning: folder, environment: stack.environment });
  };

  it('a right board passes, asked with several values and with all', async () => {
    const { boards, findings } = await check(smallBoard());
    expect(findings).toEqual([]);
    expect(boards).toMatchObject([{ uid: 'sluice-small', panels: 4, queries: 8, empty: 0 }]);
    expect(boards[0].rows).toBeGreaterThan(1000);
  });

  const ofPanel = (board: SmallBoard, id: number): SmallBoard['panels'][number] =>
    board.panels.find((panel) => panel.id === id) as SmallBoard['panels'][number];
  const rewritten = (id: number, from: string, to: string) => (board: SmallBoard) => {
    const [target] = ofPanel(board, id).targets;
    expect(target.query).toContain(from);
    target.query = target.query.replace(from, to);
  };

  const broken: [string, (board: SmallBoard) => void, string, RegExp][] = [
    ['a misspelt field', rewritten(2, '_origin', '_orgin'), "sluice-small / panel 2 'Rows' / A", /^gives no row$/],
    [
      'a function that is not there',
      rewritten(2, 'count()', 'cuont()'),
      "sluice-small / panel 2 'Rows' / A",
      /^undefined identifier cuont \(line 1, column \d+\)$/,
    ],
    ['what only the server finds', rewritten(2, '|> group()', '|> window(every: 0s)'), "sluice-small / panel 2 'Rows' / A", /^400: .*every/],
    ['a variable that is not declared', rewritten(1, 'stream:', 'steram:'), 'sluice-small / panels.0.targets.0.query', /steram:doublequote\} is not declared$/],
    ['a value that could break out of its quotes', rewritten(1, 'stream:doublequote', 'stream'), "sluice-small / panel 1 'Tags' / A", /is not safe in Flux/],
    [
      'a column that the server takes for its own',
      rewritten(2, 'r._field ==', 'r.bucket == r._field and r._field =='),
      "sluice-small / panel 2 'Rows' / A",
      /replaces r\.bucket/,
    ],
    [
      'times where a number is wanted',
      rewritten(2, '|> count()', '|> limit(n: 3) |> keep(columns: ["_time", "stream"])'),
      "sluice-small / panel 2 'Rows' / A",
      /^gives no number$/,
    ],
    [
      'rows without their time',
      rewritten(1, '|> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)', '|> mean()'),
      "sluice-small / panel 1 'Tags' / A",
      /^its rows have no _time, and are placed at _start/,
    ],
    ['more points than Grafana takes', rewritten(2, '|> count()', ''), "sluice-small / panel 2 'Rows' / A", /a series of 14\d+ rows: Grafana cuts it at 9000$/],
    [
      'a column of a table that is not there',
      rewritten(3, '_value: "peakScore"', '_value: "peak"'),
      "sluice-small / panel 3 'Incidents'",
      /override names the column 'peakScore'/,
    ],
    [
      'a number in a table without a unit',
      (board) => ofPanel(board, 3).fieldConfig.overrides.splice(0),
      "sluice-small / panel 3 'Incidents'",
      /^the column 'peakScore' .* no unit$/,
    ],
    [
      'an annotation without an end',
      (board) => {
        const { target } = board.annotations.list[0];
        target.query = target.query.replace('timeEnd: ', 'until: ');
      },
      "sluice-small / annotation 'Incidents'",
      /^has no column timeEnd$/,
    ],
    [
      'an annotation that ends first',
      (board) => {
        const { target } = board.annotations.list[0];
        target.query = target.query.replace('r.end / 1000000', 'r.end / 1000000 - 86400000');
      },
      "sluice-small / annotation 'Incidents'",
      /end before they begin$/,
    ],
  ];
  it.each(broken)('%s is found, with its place', async (_, breakIt, where, what) => {
    const board = smallBoard();
    breakIt(board);
    const { findings } = await check(board);
    expect(findings).toContainEqual(expect.objectContaining({ where, what: expect.stringMatching(what) }));
  });
});
