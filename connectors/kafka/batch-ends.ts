import type { Broker } from 'kafkajs';
import { SluiceError } from '../../core/errors.ts';
import { type Connections, connectionsOf, type Exchange } from './exchange.ts';

interface DecodedFetch {
  readonly responses: readonly { readonly partitions: readonly { end?: number }[] }[];
}

const fetchVersions = { first: 4, last: 11 };
const widened = new WeakSet<Connections>();

/**
 * The broker, which from here on says of each fetched partition where the last whole batch ended: `end`, the offset behind it.
 *
 * kafkajs hands out the records of batches and nothing of the batches. Compaction leaves some without any record, and there a
 * reader who goes on behind the last record stands still for ever.
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
    const decoded = (await response.decode(answer)) as DecodedFetch;
    const ends = batchEnds(answer, request.apiVersion);
    for (const [t, { partitions }] of decoded.responses.entries()) {
      for (const [p, partition] of partitions.entries()) if (ends[t][p] !== undefined) partition.end = ends[t][p];
    }
    return decoded;
  };
  return { request, response: { ...response, decode } };
}

/** From the base offset to the magic byte and the checksum, up to the first field behind them that counts here. */
const batchHeader = { length: 8, lastOffsetDelta: 23, bytes: 61 };

/**
 * For each topic and partition of an answer, in its order, the offset behind the last batch that is there in full.
 * @param version of the Fetch request, 4 to 11
 * @see https://kafka.apache.org/protocol#The_Messages_Fetch
 */
export function batchEnds(answer: Buffer, version: number): (number | undefined)[][] {
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
      return endOf(answer.subarray(at - bytes, at));
    });
  });
}

function endOf(batches: Buffer): number | undefined {
  let end: number | undefined;
  for (let at = 0; at + batchHeader.bytes <= batches.length; ) {
    const next = at + 12 + batches.readInt32BE(at + batchHeader.length);
    if (next > batches.length) break;
    end = Number(batches.readBigInt64BE(at)) + batches.readInt32BE(at + batchHeader.lastOffsetDelta) + 1;
    at = next;
  }
  return end;
}
