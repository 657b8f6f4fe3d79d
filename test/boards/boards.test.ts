import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { repositoryRoot } from '../repository-root.ts';
import { describeWithStack } from '../stack/describe-with-stack.ts';
import { influxRequest } from '../stack/influx-access.ts';
import { boardsCheck, type Outcome } from './boards-check-command.ts';
import { checkBoards, type Report } from './check-boards.ts';
import { type FilledStack, fillStack } from './filled-stack.ts';
import { type SmallBoard, smallBoard, smallRule, writeProvisioning } from './small-provisioning.ts';

const fillWithinMs = 300_000;

describeWithStack('boards over a store that the pipeline filled', { kafka: 'own', influx: 'own', telegraf: 'own' }, () => {
  let stack: FilledStack;
  beforeAll(async () => {
    stack = await fillStack(() => {});
  }, fillWithinMs);
  afterAll(() => stack?.close());

  const check = async (board: object, rule?: object): Promise<Report> => {
    const { folder, remove } = await writeProvisioning(board, rule);
    onTestFinished(remove);
    return await checkBoards({ provisioning: folder, environment: stack.environment, ...(rule ? {} : { only: smallBoard().uid }) });
  };

  it('all that are shipped have rows of the right shape for every query, and so have rules, tasks and Chronograf', async () => {
    const { boards, findings } = await checkBoards({ provisioning: join(repositoryRoot, 'grafana/provisioning'), environment: stack.environment });
    expect(findings).toEqual([]);
    expect(boards.length).toBeGreaterThan(0);
  });

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

  it('an alert rule has numbers to judge, also while all is well', async () => {
    const { alerts, findings } = await check(smallBoard(), smallRule());
    expect(findings).toEqual([]);
    expect(alerts).toMatchObject({ rules: 1, queries: 1, empty: 0 });
  });

  it('an alert rule that asks the recording what is now is found, and one without a threshold', async () => {
    const rule = smallRule();
    rule.data[0].datasourceUid = 'sluice-plant';
    rule.condition = 'C';
    expect((await check(smallBoard(), rule)).findings).toMatchObject([
      { where: 'alert rule dead-letters', what: 'its condition C is none of A, B' },
      { where: 'alert rule dead-letters / A', what: expect.stringMatching(/where a recording has no rows$/) },
    ]);
  });

  /** The command on the store that runs. */
  async function command(board: object, ...words: string[]): Promise<Outcome> {
    const { folder, remove } = await writeProvisioning(board);
    onTestFinished(remove);
    return await boardsCheck(['--running', '--provisioning', folder, ...words], stack.environment);
  }

  it('the command ends with the totals; what is wrong it lists, with exit code 1', async () => {
    const board = smallBoard();
    rewritten(2, 'count()', 'cuont()')(board);
    const [right, wrong, asJson] = await Promise.all([
      command(smallBoard()),
      command(board, '--board', 'sluice-small'),
      command(board, '--board', 'sluice-small', '--json'),
    ]);
    expect(right).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 boards, 4 panels, \d+ queries, [\d,]+ rows, 0 empty\n$/) });
    expect(wrong).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/wrong {2}sluice-small \/ panel 2 'Rows' \/ A: undefined identifier cuont [\s\S]* 0 empty, 2 wrong\n$/),
    });
    expect(JSON.parse(asJson.stdout)).toMatchObject({ totals: { boards: 1, empty: 0, findings: 2, notes: 0 }, notes: [] });
  });

  it('of a store that runs, the command lists what there is nothing of apart, and that is not wrong', async () => {
    const board = smallBoard();
    rewritten(2, '_origin', 'washed')(board);
    const { code, stdout } = await command(board, '--board', 'sluice-small');
    expect(stdout).toMatch(/^nothing there: sluice-small \/ panel 2 'Rows' \/ A gives no row$/m);
    expect(stdout).toMatch(/ 1 empty, 1 notes\n$/);
    expect(code).toBe(0);
  });

  it('a token that the store refuses is told in a sentence', async () => {
    const { code, stderr } = await boardsCheck(['--running'], { ...stack.environment, INFLUX_READER_TOKEN: 'another' });
    expect(stderr).toMatch(/^InfluxDB cannot be asked: 401: unauthorized access \(http:\S+\)\. Check INFLUX_READER_TOKEN\.\n$/);
    expect(code).toBe(4);
  });

  it('all that are shipped can be asked of buckets that nothing has been written to', async () => {
    const { INFLUX_URL: url = '', INFLUX_ORG: org = '', INFLUX_OPERATOR_TOKEN: token = '' } = stack.environment;
    const { orgs } = await influxRequest<{ orgs: { id: string }[] }>({ url, token }, 'GET', `/api/v2/orgs?org=${org}`);
    for (const name of ['quiet', 'quiet_monitoring', 'quiet_monitoring_history'])
      await influxRequest({ url, token }, 'POST', '/api/v2/buckets', { orgID: orgs[0].id, name, retentionRules: [] });
    const { boards, findings, notes } = await checkBoards({
      provisioning: join(repositoryRoot, 'grafana/provisioning'),
      environment: { INFLUX_URL: url, INFLUX_ORG: org, INFLUX_READER_TOKEN: token, INFLUX_BUCKET: 'quiet', INFLUX_MONITORING_BUCKET: 'quiet_monitoring' },
      mayBeEmpty: true,
    });
    expect(findings).toEqual([]);
    expect(notes).toContainEqual({ where: "bucket 'quiet'", what: 'holds no rows' });
    expect(boards.reduce((all, { empty }) => all + empty, 0)).toBeGreaterThan(100);
  });
});
