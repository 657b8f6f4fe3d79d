import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Manifest } from '../../core/manifest.ts';
import { recordHash } from '../../core/record.ts';
import type { FetchedRecord } from './committed-records.ts';
import { fenceKey, manifestKey, pieceKey, piecesHeader, SavedManifests } from './saved-manifests.ts';

const keys = ['group/plant/0', 'group/plant/1'];
/** Records of one to three pieces. */
const contents = Array.from({ length: 6 }, (_, i) => Array.from({ length: 1 + (i % 3) }, (_, piece) => Buffer.from(`record ${i}, piece ${piece}`)));
const hashes = contents.map((pieces) => recordHash(Buffer.concat(pieces)));

let offsets = 0;
const message = (key: string, value: Buffer | string | null, pieces?: number): FetchedRecord => ({
  offset: String(offsets++),
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  ...(pieces === undefined ? {} : { headers: { [piecesHeader]: Buffer.from(String(pieces)) } }),
  isControlRecord: false,
  batchContext: { firstOffset: '0', lastOffsetDelta: 0, producerId: '1', inTransaction: true },
});

const manifestOf = (key: string, rows: number, records: readonly number[]): Manifest => ({
  key,
  positions: {},
  totals: { rows },
  records: Object.fromEntries(records.map((record) => [`r${record}`, hashes[record]])),
});

interface Save {
  readonly key: number;
  /** None: what is saved is forgotten. */
  readonly records: readonly number[] | undefined;
}

/** What is sent for each save: new records, the manifest, the removal of what it does not name. */
function messagesOf(saves: readonly Save[]): { messages: FetchedRecord[]; last: (Manifest | undefined)[] } {
  const messages: FetchedRecord[] = [];
  const last: (Manifest | undefined)[] = [undefined, undefined];
  const stored = [new Set<number>(), new Set<number>()];
  for (const [rows, { key: k, records }] of saves.entries()) {
    const key = keys[k];
    messages.push(message(fenceKey(key), `taker ${rows}`));
    for (const record of records ?? []) {
      if (stored[k].has(record)) continue;
      for (const [i, piece] of contents[record].entries()) messages.push(message(pieceKey(key, hashes[record], i), piece, contents[record].length));
    }
    last[k] = records && manifestOf(key, rows, records);
    messages.push(message(manifestKey(key), last[k] ? JSON.stringify(last[k]) : null));
    for (const record of stored[k]) {
      if (records?.includes(record)) continue;
      for (const i of contents[record].keys()) messages.push(message(pieceKey(key, hashes[record], i), null));
    }
    stored[k] = new Set(records);
  }
  return { messages, last };
}

function read(messages: readonly FetchedRecord[]): SavedManifests {
  const saved = new SavedManifests('plant.group.state', 'group/plant/');
  for (const one of messages) saved.apply(one);
  return saved;
}

/** Every manifest with its records. */
function wholeOf(saved: SavedManifests): unknown[] {
  return saved.manifests().map((manifest) => [manifest, Object.values(manifest.records).map((hash) => recordHash(saved.record(hash, manifest.key)) === hash)]);
}

const someSaves = fc.array(
  fc.record({ key: fc.nat({ max: 1 }), records: fc.option(fc.uniqueArray(fc.nat({ max: 5 }), { maxLength: 4 }), { nil: undefined, freq: 6 }) }),
  { maxLength: 12 },
);

test('however far the messages were read, every manifest has its records', () => {
  fc.assert(
    fc.property(someSaves, fc.nat(), (saves, cut) => {
      const { messages } = messagesOf(saves);
      for (const entry of wholeOf(read(messages.slice(0, cut % (messages.length + 1))))) {
        const [, whole] = entry as [Manifest, boolean[]];
        expect(whole).not.toContain(false);
      }
    }),
    { numRuns: 500 },
  );
});

test('it is the last save of each key, whatever compaction has left out of what came before', () => {
  fc.assert(
    fc.property(someSaves, fc.infiniteStream(fc.boolean()), fc.boolean(), (saves, keep, removalsToo) => {
      const { messages, last } = messagesOf(saves);
      const newest = new Map(messages.map(({ key, offset }) => [String(key), offset]));
      const kept = messages.filter(({ key, offset }) => newest.get(String(key)) === offset || keep.next().value);
      // A removal goes too, once everything before it is gone.
      const alone = ({ key }: FetchedRecord): boolean => kept.every((other) => String(other.key) !== String(key) || other.value === null);
      const left = kept.filter((one) => !(removalsToo && one.value === null && alone(one)));
      const saved = read(left);
      expect(wholeOf(saved)).toEqual(last.flatMap((manifest) => (manifest ? [[manifest, Object.values(manifest.records).map(() => true)]] : [])));
      for (const [k, key] of keys.entries()) {
        expect(saved.manifest(key)).toEqual(last[k]);
        // Nothing is held that is not named.
        expect(new Set(saved.pieces(key).keys())).toEqual(new Set(Object.values(last[k]?.records ?? {})));
      }
    }),
    { numRuns: 500 },
  );
});

test('who took a key last, and who before, is known of every key', () => {
  const saved = read([message(fenceKey(keys[0]), 'a'), message(fenceKey(keys[1]), 'b'), message(fenceKey(keys[0]), 'c')]);
  expect([saved.fence(keys[0]), saved.fence(keys[1]), saved.fence('group/plant/2')]).toEqual([
    { by: 'c', before: 'a' },
    { by: 'b', before: undefined },
    undefined,
  ]);
});

test.each([
  ['{"key":', 'was cut short or altered'],
  ['7', 'is none'],
])('a manifest that says %s is told to who asks for it, and mended by the next', (text, what) => {
  const messages = [message(manifestKey(keys[0]), text), message(manifestKey(keys[1]), JSON.stringify(manifestOf(keys[1], 1, [])))];
  expect(() => read(messages).manifest(keys[0])).toThrow(what);
  expect(() => read(messages).manifests()).toThrow(what);
  expect(read(messages).manifest(keys[1])?.totals.rows).toBe(1);
  expect(read([...messages, message(manifestKey(keys[0]), JSON.stringify(manifestOf(keys[0], 2, [])))]).manifests()).toHaveLength(2);
});

test.each([
  [[message(pieceKey(keys[0], hashes[1], 0), contents[1][0], 2)], 'lacks 1 of its 2 pieces'],
  [[message(pieceKey(keys[0], hashes[1], 0), contents[1][0])], 'is missing'],
  [[message(pieceKey(keys[0], hashes[0], 0), 'something else', 1)], 'is not what its name says'],
  [[message(pieceKey(keys[0], hashes[0], 3), 'beyond', 1)], 'is missing'],
  [[], 'is missing'],
])('a record that is not whole is told', (messages, what) => {
  const hash = String(messages[0]?.key ?? '').includes(hashes[1]) ? hashes[1] : hashes[0];
  expect(() => read(messages).record(hash)).toThrow(`the record ${hash} ${what}`);
});
