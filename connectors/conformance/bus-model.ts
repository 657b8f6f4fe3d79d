import assert from 'node:assert/strict';
import type { BusConsumer, BusProducer } from '../../core/bus.ts';
import { partitionOf } from '../../core/bus.ts';
import type { Chunk } from '../../core/chunk.ts';
import type { BusUnderTest } from './bus.ts';
import { chunkOf, numberedRows, numbersIn, patience, range, startProducer, topic } from './bus-rows.ts';

const streams = ['a', 'b', 'c', 'd'];
const groups = ['one', 'two'];

type Step =
  | { readonly do: 'send'; readonly parts: readonly (readonly [stream: string, rows: number])[] }
  | { readonly do: 'poll'; readonly group: number; readonly member: number; readonly maxRows: number }
  | { readonly do: 'commit' | 'join' | 'leave'; readonly group: number; readonly member: number };

/** One group as it must be: positions are indices into the list of what each partition was sent. */
interface GroupModel {
  readonly members: BusConsumer[];
  /** What comes next in each partition. */
  readonly next: number[];
  /** Where reading goes on when the partition changes hands, as index and as the bus's offset. */
  readonly done: { index: number; offset: number }[];
  /** The newest chunk's offset per partition. */
  readonly offsets: (number | undefined)[];
}

/** The bus beside its model, a list of row numbers per partition. */
class Comparison {
  readonly #sent: number[][];
  readonly #groups: GroupModel[] = [];
  readonly #under: BusUnderTest;
  readonly #producer: BusProducer;
  /** What is sent comes at once in one process, and a little later from a broker. */
  readonly #maxWaitMs: number;
  #numbers = 0;
  #sending: Promise<void> = Promise.resolve();

  constructor(under: BusUnderTest, producer: BusProducer, partitions: number) {
    this.#under = under;
    this.#producer = producer;
    this.#maxWaitMs = under.handsOverAtOnce ? 20 : 0;
    this.#sent = range(0, partitions).map(() => []);
  }

  async start(): Promise<void> {
    for (const [g] of groups.entries()) {
      const each = (): number[] => this.#sent.map(() => 0);
      this.#groups.push({ members: [], next: each(), done: each().map(() => ({ index: 0, offset: -1 })), offsets: each().map(() => undefined) });
      await this.#join(g);
    }
  }

  async run(step: Step): Promise<void> {
    if (step.do === 'send') {
      this.#send(step.parts);
      return;
    }
    const group = this.#groups[step.group];
    const member = group.members[step.member % group.members.length];
    if (step.do === 'poll') {
      const chunk = await member.poll({ maxRows: step.maxRows, maxWaitMs: this.#maxWaitMs });
      if (typeof chunk !== 'string') this.#compare(group, chunk, step.maxRows);
    } else if (step.do === 'commit') {
      for (const partition of (await member.lag()).keys()) await this.#commit(group, member, partition);
    } else if (step.do === 'join') {
      if (group.members.length < 3) await this.#join(step.group);
    } else if (group.members.length > 1) {
      group.members.splice(group.members.indexOf(member), 1);
      await member.close();
    }
  }

  /** Whatever went before: everything comes to every group, and then the end. */
  async finish(): Promise<void> {
    const ending = this.#sending.then(() => this.#producer.end());
    await Promise.all(
      this.#groups.map(async (group) => {
        for (const member of group.members.splice(1)) await member.close();
        for (const late = Date.now() + patience; ; ) {
          const chunk = await group.members[0].poll({ maxRows: 50, maxWaitMs: 1 });
          if (chunk === 'end') break;
          assert.ok(Date.now() < late, 'the end did not come');
          if (chunk === 'idle') continue;
          this.#compare(group, chunk, 50);
          await this.#commit(group, group.members[0], chunk.partition);
        }
        assert.deepEqual(
          group.next,
          this.#sent.map((rows) => rows.length),
          'rows read per partition',
        );
      }),
    );
    await ending;
  }

  #send(parts: readonly (readonly [string, number])[]): void {
    const batches = parts.map(([stream, rows]) => {
      const first = this.#numbers;
      this.#numbers += rows;
      this.#sent[partitionOf(stream, this.#sent.length)].push(...range(first, first + rows));
      return numberedRows(stream, first, rows);
    });
    this.#sending = this.#sending.then(() => this.#producer.send(chunkOf(batches)));
  }

  async #join(g: number): Promise<void> {
    const group = this.#groups[g];
    const position = async (partition: number): Promise<number | undefined> => {
      const { index, offset } = group.done[partition];
      group.next[partition] = index;
      group.offsets[partition] = undefined;
      return offset < 0 ? undefined : offset;
    };
    group.members.push(await this.#under.bus.consumer(topic, { group: groups[g], position }));
  }

  async #commit(group: GroupModel, member: BusConsumer, partition: number): Promise<void> {
    const offset = group.offsets[partition];
    if (offset === undefined) return;
    group.done[partition] = { index: group.next[partition], offset };
    await member.commit(partition, offset);
  }

  #compare(group: GroupModel, chunk: Chunk, maxRows: number): void {
    const numbers = numbersIn(chunk);
    assert.ok(numbers.length > 0 && numbers.length <= maxRows, `${numbers.length} rows where at most ${maxRows} were asked for`);
    const from = group.next[chunk.partition];
    const expected = this.#sent[chunk.partition].slice(from, from + numbers.length);
    assert.deepEqual(numbers, expected, `partition ${chunk.partition} from its row ${from} on`);
    group.next[chunk.partition] += numbers.length;
    group.offsets[chunk.partition] = chunk.nextOffset;
  }
}

/** @throws AssertionError of fast-check with the shortest failing interleaving and its seed */
export async function checkAgainstModel(make: () => Promise<BusUnderTest>, runs: number): Promise<void> {
  const fc = await import('fast-check');
  const group = fc.nat(groups.length - 1);
  const member = fc.nat(2);
  const step: import('fast-check').Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        parts: fc.array(fc.tuple(fc.constantFrom(...streams), fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('poll' as const), group, member, maxRows: fc.integer({ min: 1, max: 12 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'join' as const, 'leave' as const), group, member }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 60 }), async (partitions, steps) => {
      const under = await make();
      try {
        const comparison = new Comparison(under, await startProducer(under.bus, streams, partitions), partitions);
        await comparison.start();
        for (const one of steps) await comparison.run(one);
        await comparison.finish();
      } finally {
        await under.bus.close();
        await under.close();
      }
    }),
    { numRuns: runs },
  );
}
