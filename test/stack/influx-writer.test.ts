import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { decodeText, tagOfField } from '../../connectors/influxdb/layout.ts';
import { allocateBatch } from '../../core/batch.ts';
import { parseRowPayload } from '../../core/row-payload.ts';
import { makeSchema } from '../../core/schema.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { type Access, ask, numbers, openWriter, origins, plant, rowsFrom, second, start, startProxy, writeLines, writing } from './influx-writing.ts';
import { sharedInflux } from './servers.ts';

describeWithStack('what is written into InfluxDB', { influx: 'shared' }, () => {
  let access: Access;

  beforeEach(async () => {
    const influx = await sharedInflux();
    access = { url: influx.url, org: influx.org, ...(await influx.freshBucket()) };
  });

  const special = [
    ' ',
    ',',
    '=',
    '"',
    "'",
    '\\',
    '\n',
    '\r',
    '\t',
    '\0',
    '%',
    '%0A',
    '${',
    '\ud800',
    '_',
    'time',
    'a',
    '1',
    '#',
    'é',
    '😀',
    '\u0085',
    '\u2028',
    '\ufeff',
    '_min',
  ];
  const anyText = fc
    .oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.array(fc.constantFrom(...special), { minLength: 1 }).map((parts) => parts.join('')),
    )
    .filter((text) => text.trim() !== '');

  it('tags, streams and detectors of any name, and any text, read back equal', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyText, { minLength: 1, maxLength: 12 }), anyText, anyText, anyText, async (names, name, detector, text) => {
        const stream = `${name}${run++}${name}`;
        const schema = makeSchema(names.map((each) => ({ name: each, kind: 'continuous' as const })));
        const writer = openWriter(access);
        await writer.openStream(stream, schema);
        const batch = rowsFrom(0, 1, schema, stream);
        const verdicts = {
          ...{ detector, score: Float64Array.of(1), grade: Float64Array.of(1), status: Int8Array.of(-1) },
          contributions: { rows: [0], tags: [0, -1, -1, -1, -1], shares: [1, 0, 0, 0, 0], rest: [0] },
        };
        const bucket = { level: 10_000, time: start, min: batch.values, max: batch.values, sum: batch.values, count: batch.values.map(() => 1) };
        await writer.append(writing(batch, { verdicts: [verdicts], buckets: [bucket] }));
        await writer.appendDead([{ source: name, partition: 0, position: run, stream, reason: 'syntax', message: text, payload: text }]);
        expect(await writer.commit()).toEqual([]);
        const all = await ask(access, ['_measurement', 'stream', 'detector', '_field', '_value'], `filter(fn: (r) => r._measurement != "dead_letters" and r._measurement != "streams")
          |> map(fn: (r) => ({ r with _value: string(v: r._value) })) |> group()`); // biome-ignore format: a query
        const own = all.filter((row) => decodeText(row[1]) === stream);
        const fields = own.filter(([measurement]) => measurement === 'sensors').map((row) => tagOfField(row[3]));
        expect(fields.filter((tag) => tag !== undefined).sort()).toEqual([...names].sort());
        expect(own.filter(([measurement]) => measurement === 'sensors_lod')).toHaveLength(4 * names.length);
        const flagged = own.filter(([measurement]) => measurement === 'verdicts');
        expect(new Set(flagged.map((row) => decodeText(row[2])))).toEqual(new Set([detector]));
        expect(flagged.filter((row) => row[3] === 'tag1').map((row) => decodeText(row[4]))).toEqual([names[0]]);
        const dead = await ask(access, ['source', '_field', '_value'], `filter(fn: (r) => r._measurement == "dead_letters" and r._time == time(v: ${run}) and r._field != "removed") |> group()`); // biome-ignore format: a query
        expect(new Map(dead.map((row) => [row[1], decodeText(row[2])]))).toEqual(new Map([['message', text], ['payload', text], ['reason', 'syntax'], ['stream', stream]])); // biome-ignore format: one line
        expect(new Set(dead.map((row) => decodeText(row[0])))).toEqual(new Set([name]));
        // Registered under this name with these tags: others are refused, the same are not.
        const again = openWriter(access);
        await again.openStream(stream, schema);
        await expect(openWriter(access).openStream(stream, makeSchema([{ name: 'other', kind: 'continuous' }]))).rejects.toMatchObject({
          code: 'SCHEMA_MISMATCH',
        });
        await again.forget(stream);
        const left = await ask(access, ['stream'], `filter(fn: (r) => r._measurement != "dead_letters") |> group() |> unique(column: "stream")`);
        expect(left.map(([each]) => decodeText(each))).not.toContain(stream);
        await openWriter(access).openStream(stream, makeSchema([{ name: 'other', kind: 'continuous' }]));
        await again.forget(stream);
      }),
      { numRuns: 60 },
    );
  });

  it('doubles read back as they were, whatever they are', async () => {
    const doubles = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 4000);
    const values = [...doubles, 0, -0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e308, -Number.MAX_VALUE, 0.1, 1e21, 1e-7, 2 ** 53 + 2];
    const batch = allocateBatch('plant', plant, values.length);
    for (const [row, value] of values.entries()) {
      batch.times[row] = start + BigInt(row);
      batch.origins[row] = row;
      batch.values.set([value, Number.NaN, 1], row * 3);
    }
    const writer = openWriter(access, { gzip: true });
    await writer.openStream('plant', plant);
    await writer.append(writing(batch));
    expect(await writer.commit()).toEqual([]);
    const found = await ask(access, ['_value'], `filter(fn: (r) => r._measurement == "sensors" and r._field == "FIT101")`);
    expect(found).toHaveLength(values.length);
    expect(found.filter(([value], row) => !Object.is(Number(value), values[row]))).toEqual([]);
    expect(await ask(access, ['_value'], `filter(fn: (r) => r._field == "LIT101")`)).toEqual([]);
  });

  it('the last of several states of a key stays, however many are under way', async () => {
    const writer = openWriter(access, { inFlight: 8 });
    await writer.openStream('plant', plant);
    const levels = { stream: 'plant', detector: 'd', time: start, error: 1, median: 0, method: '', model: '' };
    const letter = { source: 's', partition: 0, position: 5, reason: 'syntax', message: '', payload: '' } as const;
    for (let n = 0; n < 200; n++) {
      await writer.append(writing(rowsFrom(0, 20), { thresholds: [{ ...levels, warn: n }] }));
      await writer.appendDead([letter]);
      await writer.removeDead([letter]);
    }
    await writer.commit();
    expect(await ask(access, ['_value'], `filter(fn: (r) => r._measurement == "thresholds" and r._field == "warn")`)).toEqual([['199']]);
    expect(await ask(access, ['_value'], `filter(fn: (r) => r._measurement == "dead_letters" and r._field == "removed")`)).toEqual([['true']]);
    expect(await origins(access)).toEqual(numbers(0, 20));
  });

  it('rows that cannot be taken are listed once, and the others are kept', async () => {
    // In one shard of a week LIT101 is text; rows before and after are in others.
    const week = 7n * 86_400n * second;
    await writeLines(access, `sensors,stream=plant LIT101="high" ${start + week}`);
    const schema = makeSchema([...plant.tags, { name: 'pH', kind: 'continuous' }]);
    const batch = rowsFrom(0, 900, schema);
    for (let row = 0; row < 900; row++) batch.times[row] = start + (BigInt(row) * week) / 300n;
    for (let row = 0; row < 900; row += 2) batch.values[row * 4 + 1] = Number.NaN;
    for (let row = 3; row < 900; row += 4) batch.seqs[row] = 2;
    batch.values[4] = Number.POSITIVE_INFINITY;
    const writer = openWriter(access);
    await writer.openStream('plant', schema);
    await writer.append(writing(batch));
    const rejected = await writer.commit();
    const kept = new Set(await origins(access));
    expect(rejected.map(({ origin }) => origin).sort((a, b) => a - b)).toEqual(numbers(0, 900).filter((origin) => !kept.has(origin)));
    expect(rejected.length).toBeGreaterThan(100);
    for (const { stream, origin, time, message, payload } of rejected) {
      expect([stream, time]).toEqual(['plant', batch.times[origin]]);
      if (origin === 1) expect(message).toBe("tag 'FIT101' is infinite, and InfluxDB holds finite numbers only");
      else {
        expect(origin % 2).toBe(1);
        expect(message).toBe(`field 'LIT101' is stored as text in bucket '${access.bucket}', and a number came`);
        expect(parseRowPayload(payload, 4)).toMatchObject({
          time,
          seq: origin % 4 === 3 ? 2 : 0,
          label: -1,
          values: batch.values.slice(origin * 4, origin * 4 + 4),
        });
      }
    }
    expect(await writer.commit()).toEqual([]);
  });

  it('every row can be refused', async () => {
    await writeLines(access, `sensors,stream=plant MV101="open" ${start}`);
    const writer = openWriter(access);
    await writer.openStream('plant', plant);
    await writer.append(writing(rowsFrom(0, 2500)));
    const first = writer.commit();
    await writer.append(writing(rowsFrom(2500, 500)));
    expect((await first).map(({ origin }) => origin).sort((a, b) => a - b)).toEqual(numbers(0, 2500));
    expect((await writer.commit()).map(({ origin }) => origin)).toEqual(numbers(2500, 3000));
    expect(await origins(access)).toEqual([]);
  });

  it('what is no row and cannot be taken is an error that names it', async () => {
    await writeLines(access, `verdicts,stream=plant,detector=d score="high" ${start}`);
    const writer = openWriter(access);
    await writer.openStream('plant', plant);
    const verdicts = { detector: 'd', score: Float64Array.of(1, 2), grade: Float64Array.of(1, 2), status: Int8Array.of(1, 1) };
    await writer.append(writing(rowsFrom(0, 2)));
    expect(await writer.commit()).toEqual([]);
    await writer.append(writing(rowsFrom(0, 2), { verdicts: [{ ...verdicts, contributions: { rows: [], tags: [], shares: [], rest: [] } }] }));
    await expect(writer.commit()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining("field 'score' of measurement 'verdicts' is stored as text, and numbers came"),
    });
    await expect(writer.append(writing(rowsFrom(2, 2)))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await origins(access)).toEqual([0, 1]);
  });

  it('a store that keeps no manifests says so', async () => {
    await expect(openWriter(access).commit({ key: 'k', positions: {}, totals: {}, records: {} })).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('names that are too long for a point are refused before anything is written', async () => {
    const long = makeSchema([{ name: 'x'.repeat(66_000), kind: 'continuous' }]);
    await expect(openWriter(access).openStream('plant', long)).rejects.toMatchObject({ code: 'SOURCE_TAGS', message: expect.stringContaining('too long') });
  });

  it('an annotation is there once, where it was put last', async () => {
    const writer = openWriter(access);
    const note = { id: 'n', stream: 'plant', from: start, to: start + second, text: 'valve stuck', incident: 'i', alarm: 'true' } as const;
    await writer.annotate(note);
    await writer.annotate({ id: 'n', stream: 'plant', from: start + 5n, to: start + second, text: 'drill' });
    expect(await ask(access, ['_field', '_value'], `map(fn: (r) => ({ r with _value: string(v: r._value) })) |> filter(fn: (r) => r._field != "written")`)).toEqual([
      ['alarm', '%'],
      ['incident', '%'],
      ['text', 'drill'],
      ['to', String(start + second)],
    ]); // biome-ignore format: a table
  });

  it('forget takes the letters of the stream and of the topic, and no others', async () => {
    const writer = openWriter(access);
    const letter = (source: string, partition: number, position: number, stream?: string) =>
      ({ source, partition, position, reason: 'syntax', message: 'm', payload: 'p', ...(stream === undefined ? {} : { stream }) }) as const;
    await writer.appendDead([letter('plant.csv', 0, 1, 'plant'), letter('plant.csv', 0, 2, 'other'), letter('SWAT', 3, 1), letter('SWAT', 4, 1)]);
    await writer.commit();
    await writer.forget('plant', 'sluice/SWAT/3');
    const left = await ask(access, ['source', 'partition', '_time'], `filter(fn: (r) => r._field == "removed" and r._value == false) |> group()`);
    expect(left.map(([source, partition, time]) => `${source}/${partition}/${time}`).sort()).toEqual([
      'SWAT/4/1970-01-01T00:00:00.000000001Z',
      'plant.csv/0/1970-01-01T00:00:00.000000002Z',
    ]);
    expect((await ask(access, ['_value'], `filter(fn: (r) => r._field == "payload") |> group()`)).filter(([payload]) => payload === 'p')).toHaveLength(2);
  });

  it('is cut to what a proxy in between lets through', async () => {
    const proxy = await startProxy(access.url, ({ length }) => (length > 60_000 ? { status: 413 } : undefined));
    const writer = openWriter({ ...access, url: proxy.url });
    await writer.openStream('plant', plant);
    const wide = makeSchema(Array.from({ length: 6000 }, (_, i) => ({ name: `T${i}`, kind: 'continuous' as const })));
    await openWriter(access).openStream('wide', wide);
    await writer.openStream('wide', wide);
    for (let at = 0; at < 20_000; at += 500) await writer.append(writing(rowsFrom(at, 500)));
    await writer.append(writing(rowsFrom(0, 1, wide, 'wide')));
    const rejected = await writer.commit();
    expect(rejected.map(({ stream, message }) => [stream, message])).toEqual([['wide', 'InfluxDB refuses the row: the request is larger than InfluxDB takes']]);
    expect(await origins(access)).toEqual(numbers(0, 20_000));
    expect(proxy.refused()).toBeLessThan(60);
  });
});
