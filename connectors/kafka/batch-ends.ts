import type { Broker } from 'kafkajs';
import { SluiceError } from '../../core/errors.ts';
import type { FetchedRecord } from './committed-records.ts';
import { type Connections, connectionsOf, type Exchange } from './exchange.ts';
import { batchEnd, plainRecords, wholeBatches } from './record-decoder.ts';

interface DecodedFetch {
  readonly responses: readonly { readonly partitions: readonly { end?: number; messages: readonly FetchedRecord[] }[] }[];
}

const fetchVersions = { first: 4, last: 11 };
const widened = new WeakSet<Connections>();

/**
 * The broker, which from here on says of each fetched partition where the last whole batch ended: `end`, the offset behind it.
 *
 * kafkajs hands out the records of batches and nothing of the batches. Compaction leaves some without any record, and there a
 * reader who goes on behind the last record stands still for ever. Records are read here too, except those that are packed.
 */
export function withBatchEnds(broker: Broker): Broker {
  const connections = connectionsOf(broker);
  if (widened.has(connections)) return broker;
  widened.add(connections);
  const send = connections.send.bind(connections);
  connections.send = (exchange) => send(exchange.request.apiName === 'Fetch' ? withEnds(exchange) : exchange);
  return broker;
}

function withEnds({ request, response }: Exchange): Exchange {
  const decode = async (answer: Buffer): Promise<unknown> => {
    const sets = recordSets(answer, request.apiVersion);
    const records = sets.map((topic) => topic.map(({ batches }) => plainRecords(batches)));
    const isPlain = records.flat().every((each) => each !== undefined);
    const decoded = (await response.decode(isPlain ? withoutRecords(answer, sets) : answer)) as DecodedFetch;
    for (const [t, { partitions }] of decoded.responses.entries()) {
      for (const [p, partition] of partitions.entries()) {
        const end = endOf(sets[t][p].batches);
        if (end !== undefined) partition.end = end;
        if (isPlain) partition.messages = records[t][p]!;
      }
    }
    return decoded;
  };
  return { request, response: { ...response, decode } };
}

/** What an answer holds of a partition, and where it begins: behind its size. */
interface RecordSet {
  readonly at: number;
  readonly batches: Buffer;
}

/**
 * For each topic and partition of an answer, in its order, the offset behind the last batch that is there in full.
 * @param version of the Fetch request, 4 to 11
 * @see https://kafka.apache.org/protocol#The_Messages_Fetch
 */
export function batchEnds(answer: Buffer, version: number): (number | undefined)[][] {
  return recordSets(answer, version).map((topic) => topic.map(({ batches }) => endOf(batches)));
}

function recordSets(answer: Buffer, version: number): RecordSet[][] {
  if (version < fetchVersions.first || version > fetchVersions.last) throw new SluiceError('INTERNAL', `unknown version ${version} of Fetch`);
  let at = 4 + (version >= 7 ? 6 : 0);
  const int32 = (): number => {
    at += 4;
    return answer.readInt32BE(at - 4);
  };
  const repeat = <T>(item: () => T): T[] => Array.from({ length: Math.max(0, int32()) }, item);
  return repeat(() => {
    at += 2 + answer.readInt16BE(at);
    return repeat(() => {
      at += 4 + 2 + 8 + 8 + (version >= 5 ? 8 : 0);
      repeat(() => {
        at += 16;
      });
      if (version >= 11) at += 4;
      const bytes = Math.max(0, int32());
      at += bytes;
      return { at: at - bytes, batches: answer.subarray(at - bytes, at) };
    });
  });
}

/** The same answer with partitions that hold nothing. */
function withoutRecords(answer: Buffer, sets: readonly (readonly RecordSet[])[]): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { at, batches } of sets.flat()) {
    pieces.push(answer.subarray(from, at - 4), noBytes);
    from = at + batches.length;
  }
  return Buffer.concat([...pieces, answer.subarray(from)]);
}

/** A size of 0. */
const noBytes = Buffer.alloc(4);

function endOf(batches: Buffer): number | undefined {
  let end: number | undefined;
  for (const { from } of wholeBatches(batches)) end = batchEnd(batches, from);
  return end;
}
