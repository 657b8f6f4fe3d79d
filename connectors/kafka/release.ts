import type { WireReader } from './wire-reader.ts';

/**
 * The first `metadata.version` of each release.
 * @see org.apache.kafka.server.common.MetadataVersion of Apache Kafka 4.3
 */
const firstLevels: readonly (readonly [level: number, release: string])[] = [
  [1, '3.0'],
  [2, '3.1'],
  [3, '3.2'],
  [4, '3.3'],
  [8, '3.4'],
  [9, '3.5'],
  [12, '3.6'],
  [15, '3.7'],
  [20, '3.8'],
  [21, '3.9'],
  [22, '4.0'],
  [26, '4.1'],
  [28, '4.2'],
  [30, '4.3'],
];
const newestLevel = 30;

const unsupportedVersion = 35;
const produceApi = 0;

/**
 * Which Kafka it is, by its answer to ApiVersions (version 3): no broker says so outright, but one with KRaft names the metadata
 * that it can work with, and these were numbered release by release.
 * @example
 * releaseOf(new WireReader(Buffer.from([0, 35, 0, 0, 0, 0]))); // "Kafka before 2.4"
 */
export function releaseOf(answer: WireReader): string {
  if (answer.int16() === unsupportedVersion) return 'Kafka before 2.4';
  const apis = answer.compactArray(() => {
    const api = { key: answer.int16(), from: answer.int16(), to: answer.int16() };
    answer.tagged();
    return api;
  });
  answer.int32();
  let level: number | undefined;
  answer.tagged({
    0: (features) =>
      void features.compactArray(() => {
        const name = features.compactString();
        features.int16();
        const most = features.int16();
        features.tagged();
        if (name === 'metadata.version') level = most;
      }),
  });
  if (level === undefined) {
    const produce = apis.find(({ key }) => key === produceApi);
    return `Kafka 2.4 to 3.9 without KRaft, or one that speaks like it (Produce ${produce ? `${produce.from} to ${produce.to}` : 'unknown'})`;
  }
  const release = firstLevels.findLast(([first]) => first <= (level as number))?.[1] ?? 'before 3.0';
  return level > newestLevel ? `Kafka ${release} or newer` : `Kafka ${release}`;
}
