import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InfluxError } from './failure.ts';
import { fieldConflict, findBadLines } from './partial-write.ts';

const answer = (kind: 'partial' | 'invalid' | 'too-large', said: string): InfluxError =>
  new InfluxError(kind, 'STORE_UNAVAILABLE', 'refused', { said, place: 'here', cause: undefined });

/** A server that holds some fields of some shards as text. It keeps the good lines, names one field and counts one shard, as InfluxDB does. */
class Shards {
  readonly stored = new Set<string>();
  requests = 0;
  readonly #texts: ReadonlySet<string>;

  constructor(texts: Iterable<string>) {
    this.#texts = new Set(texts);
  }

  readonly send = async (lines: readonly string[]): Promise<InfluxError | undefined> => {
    this.requests++;
    const dropped = new Map<number, string[]>();
    for (const line of lines) {
      const [key, fields, time] = line.split(' ');
      const shard = Math.floor(Number(time) / 1000);
      const field = fields.split(',').find((each) => this.#texts.has(`${shard}/${each.split('=')[0]}`));
      if (field === undefined) this.stored.add(line);
      else dropped.set(shard, [...(dropped.get(shard) ?? []), `"${field.split('=')[0]}" on measurement "${key.split(',')[0]}"`]);
    }
    const [first] = dropped.values();
    if (!first) return undefined;
    return answer(
      'partial',
      `partial write: field type conflict: input field ${first[0]} is type float, already exists as type string dropped=${first.length}`,
    );
  };

  async refusals(lines: readonly string[]): Promise<string[]> {
    const error = await this.send(lines);
    return error ? (await findBadLines(lines, error, this.send)).map(({ line }) => line) : [];
  }
}

const row = (time: number, ...fields: string[]): string => `sensors,stream=s _origin=${time},${fields.map((field) => `${field}=1`).join(',')} ${time}`;

describe('lines that are refused', () => {
  it('are found, each once, and all others are stored', async () => {
    const fieldsOfRow = fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 });
    const texts = fc.subarray([0, 1, 2].flatMap((shard) => ['a', 'b', 'c', 'd'].map((field) => `${shard}/${field}`)));
    await fc.assert(
      fc.asyncProperty(fc.array(fieldsOfRow, { minLength: 1, maxLength: 60 }), texts, async (rows, asText) => {
        const lines = rows.map((fields, i) => row(i * 50, ...fields));
        const server = new Shards(asText);
        const refused = await server.refusals(lines);
        const bad = lines.filter((_, i) => rows[i].some((field) => asText.includes(`${Math.floor((i * 50) / 1000)}/${field}`)));
        expect([...refused].sort()).toEqual([...bad].sort());
        expect([...server.stored].sort()).toEqual(lines.filter((line) => !bad.includes(line)).sort());
      }),
      { numRuns: 300 },
    );
  });

  it('take few requests where all of them are, or all that have the field', async () => {
    const every = new Shards(['0/a']);
    expect(await every.refusals(Array.from({ length: 1000 }, (_, i) => row(i, 'a', 'b')))).toHaveLength(1000);
    expect(every.requests).toBe(1);
    const mixed = new Shards(['0/a']);
    expect(await mixed.refusals(Array.from({ length: 1000 }, (_, i) => row(i, ...(i % 3 ? ['a', 'b'] : ['b']))))).toHaveLength(666);
    expect(mixed.requests).toBe(2);
    const shards = new Shards(['0/a', '2/a']);
    expect(await shards.refusals(Array.from({ length: 1000 }, (_, i) => row(3 * i, 'a', 'b')))).toHaveLength(667);
    expect(shards.requests).toBeLessThan(40);
  });

  it('that cannot be read are named by the server, which takes nothing of the request', async () => {
    const stored: string[] = [];
    const send = async (lines: readonly string[]): Promise<InfluxError | undefined> => {
      const bad = lines.filter((line) => line.startsWith('bad'));
      if (bad.length > 0) return answer('invalid', bad.map((line) => `unable to parse '${line}': invalid field format`).join('\n'));
      stored.push(...lines);
      return undefined;
    };
    const lines = ['good 1', 'bad 2', 'good 3', 'bad 4'];
    const found = await findBadLines(lines, (await send(lines)) as InfluxError, send);
    expect(found.map(({ line }) => line)).toEqual(['bad 2', 'bad 4']);
    expect(stored).toEqual(['good 1', 'good 3']);
  });

  it('that are too large are found by halving', async () => {
    const send = async (lines: readonly string[]): Promise<InfluxError | undefined> => (lines.join('\n').length > 100 ? answer('too-large', '413') : undefined);
    const lines = ['a'.repeat(60), 'b'.repeat(60), 'c'.repeat(200), 'd'];
    expect((await findBadLines(lines, answer('too-large', '413'), send)).map(({ line }) => line)).toEqual([lines[2]]);
  });
});

it('reads names as Go quotes them', () => {
  const said =
    'partial write: field type conflict: input field "a\\"b\\\\ \\u00a0\\x7f\\n" on measurement "sensors" is type float, already exists as type string dropped=1';
  expect(fieldConflict(said)).toEqual({ field: 'a"b\\ \u00a0\x7f\n', measurement: 'sensors', came: 'float', stored: 'string' });
});
