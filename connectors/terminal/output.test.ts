import { describe, expect, test } from 'vitest';
import type { Output } from '../../core/component.ts';
import type { Incident } from '../../core/incident.ts';
import { makeSchema } from '../../core/schema.ts';
import { parseTime } from '../../core/time.ts';
import terminal from './output.ts';

const schema = makeSchema(['FIT101', 'LIT101', 'P102', 'MV101'].map((name) => ({ name, kind: 'continuous' as const })));
const at = (clock: string): bigint => parseTime(`2015-12-28T${clock}Z`) as bigint;

const incident = (changes: Partial<Incident> = {}): Incident => ({
  id: 'f00d',
  stream: 'swat',
  detector: 'combined',
  start: at('02:29:14'),
  end: at('02:29:20'),
  open: true,
  rows: 7,
  peakTime: at('02:29:18'),
  peakScore: 12.34567,
  peakGrade: 1.8,
  causes: ['combined'],
  contributions: Float64Array.of(-0.2, 0.62, 0.175, 0.005),
  ...changes,
});

function start(options: Record<string, unknown> = {}, colour = false): { output: Output; lines: string[] } {
  const lines: string[] = [];
  const output = terminal.create(terminal.options.parse(options), {
    ...{ stream: 'swat', topic: 'SWAT', bus: { type: 'memory', options: {} } },
    colour,
    print: (line) => lines.push(line),
  });
  return { output, lines };
}

async function told(options: Record<string, unknown>, ...changes: [Partial<Incident>, 'opened' | 'updated' | 'closed'][]): Promise<string[]> {
  const { output, lines } = start(options);
  for (const [part, change] of changes) await output.incident?.(incident(part), change, schema);
  await output.close();
  return lines;
}

describe('a line for people', () => {
  test('when an incident opens: time with zone, detector, score, and the tags with share and direction', async () => {
    expect(await told({}, [{}, 'opened'])).toEqual(['2015-12-28T02:29:14Z combined INCIDENT score 12.35: LIT101 ↑ 62 %, FIT101 ↓ 20 %, P102 ↑ 18 %']);
  });

  test('when it closes: how long, how many rows, and its peak', async () => {
    expect(await told({}, [{ end: at('02:34:26'), rows: 312, open: false }, 'closed'])).toEqual([
      '2015-12-28T02:34:26Z combined closed after 5 min 12 s, 312 rows, peak score 12.35 at 2015-12-28T02:29:18Z: LIT101 ↑ 62 %, FIT101 ↓ 20 %, P102 ↑ 18 %',
    ]);
  });

  test('growth in between is not told', async () => {
    expect(await told({}, [{}, 'opened'], [{ rows: 8 }, 'updated'], [{ rows: 9 }, 'updated'])).toHaveLength(1);
  });

  test('one that goes on after it was closed says so, once', async () => {
    const lines = await told(
      {},
      [{}, 'opened'],
      [{ open: false }, 'closed'],
      [{ end: at('02:31:00') }, 'updated'],
      [{}, 'updated'],
      [{ open: false }, 'closed'],
    );
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^2015-12-28T02:31:00Z combined INCIDENT goes on score 12\.35/);
    expect(lines[3]).toContain('closed');
  });

  test('one that was open when the process started says so too', async () => {
    expect(await told({}, [{}, 'updated'])).toEqual([expect.stringContaining('INCIDENT goes on')]);
  });

  test('names the members of a combination that were flagged at the peak', async () => {
    expect(await told({ tags: 1 }, [{ causes: ['var', 'constant-broken'] }, 'opened'])).toEqual([
      '2015-12-28T02:29:14Z combined INCIDENT score 12.35: LIT101 ↑ 62 %, by var and constant-broken',
    ]);
  });

  test.each([
    [0, ' score 12.35'],
    [2, 'score 12.35: LIT101 ↑ 62 %, FIT101 ↓ 20 %'],
    [4, 'score 12.35: LIT101 ↑ 62 %, FIT101 ↓ 20 %, P102 ↑ 18 %, MV101 ↑ < 1 %'],
    [5, 'score 12.35: LIT101 ↑ 62 %, FIT101 ↓ 20 %, P102 ↑ 18 %, MV101 ↑ < 1 %'],
  ])('with %i tags at most', async (tags, end) => {
    expect((await told({ tags }, [{}, 'opened']))[0].endsWith(end)).toBe(true);
  });

  test('without tags where contributions are unknown, with a question mark where a number is', async () => {
    expect(await told({}, [{ contributions: new Float64Array(0), peakGrade: Number.NaN, peakScore: Number.NaN, rows: 1, open: false }, 'closed'])).toEqual([
      '2015-12-28T02:29:20Z combined closed after 6 s, 1 row, peak score ? at 2015-12-28T02:29:18Z',
    ]);
  });

  test('equal shares stand in the order of the schema', async () => {
    const [line] = await told({}, [{ contributions: Float64Array.of(0.25, -0.25, 0.25, 0.25) }, 'opened']);
    expect(line).toMatch(/: FIT101 ↑ 25 %, LIT101 ↓ 25 %, P102 ↑ 25 %$/);
  });

  test('another stream is named', async () => {
    expect((await told({}, [{ stream: 'wadi' }, 'opened']))[0]).toContain(' wadi/combined INCIDENT');
  });

  test('names from a file cannot steer the terminal', async () => {
    const { output, lines } = start();
    const odd = makeSchema([{ name: 'LIT\u001b[2J101\r\n', kind: 'continuous' }]);
    await output.incident?.(incident({ contributions: Float64Array.of(1), detector: 'a\u0007b' }), 'opened', odd);
    expect(lines[0]).toContain('a\ufffdb INCIDENT');
    expect(lines[0]).toContain('LIT\ufffd[2J101\ufffd\ufffd ↑ 100 %');
  });
});

describe('colour', () => {
  const coloured = async (part: Partial<Incident>, change: 'opened' | 'closed'): Promise<string> => {
    const { output, lines } = start({}, true);
    await output.incident?.(incident(part), change, schema);
    return lines[0];
  };

  test('is red for an error, yellow for a warning, green for the end, and only where it is wanted', async () => {
    expect(await coloured({}, 'opened')).toContain('\u001b[31mINCIDENT\u001b[0m');
    expect(await coloured({ peakGrade: 0.7 }, 'opened')).toContain('\u001b[33mINCIDENT\u001b[0m');
    expect(await coloured({}, 'closed')).toContain('\u001b[32mclosed\u001b[0m');
    expect((await told({}, [{}, 'opened'], [{}, 'closed'])).join()).not.toContain('\u001b');
  });
});

test('only the detectors that were asked for', async () => {
  const changes: [Partial<Incident>, 'opened'][] = ['k-means', 'combined', 'mahalanobis'].map((detector) => [{ id: detector, detector }, 'opened']);
  expect(await told({ detectors: ['combined'] }, ...changes)).toEqual([expect.stringContaining(' combined ')]);
  expect(await told({ detectors: ['combined', 'k-means'] }, ...changes)).toHaveLength(2);
  expect(await told({}, ...changes)).toHaveLength(3);
});

test('jsonl: one object per line that holds what the text says and more', async () => {
  const lines = await told({ format: 'jsonl', tags: 1 }, [{}, 'opened'], [{ rows: 8 }, 'updated'], [{ open: false, peakGrade: Number.NaN }, 'closed']);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      event: 'incident-opened',
      id: 'f00d',
      stream: 'swat',
      detector: 'combined',
      start: '2015-12-28T02:29:14Z',
      end: '2015-12-28T02:29:20Z',
      peakTime: '2015-12-28T02:29:18Z',
      open: true,
      rows: 7,
      peakScore: 12.34567,
      peakGrade: 1.8,
      causes: ['combined'],
      tags: [{ tag: 'LIT101', share: 0.62 }],
    },
    expect.objectContaining({ event: 'incident-closed', open: false, peakGrade: null }),
  ]);
});

test.each([{ detectors: 'combined' }, { format: 'xml' }, { tags: 6 }, { tag: 1 }])('the options %j are refused', (options) => {
  expect(terminal.options.safeParse(options).success).toBe(false);
});
