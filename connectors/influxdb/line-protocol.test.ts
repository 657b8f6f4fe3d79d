import { Point } from '@influxdata/influxdb-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import type { Incident } from '../../core/incident.ts';
import { makeSchema } from '../../core/schema.ts';
import type { Verdicts } from '../../core/verdict.ts';
import { annotationLine, BucketLines, incidentLine, letterLine, removedLetterLine, streamLine, tagLines, thresholdLine } from './event-lines.ts';
import { type LineSink, RowLines, VerdictLines } from './line-protocol.ts';

const time = 1_451_296_800_000_000_000n;
const schema = makeSchema(['FIT101', 'P1 pump, "main"', 'time'].map((name) => ({ name, kind: 'continuous' as const })));

function batchOf(values: number[], { seq = 0, label }: { seq?: number; label?: number } = {}): Batch {
  const batch = allocateBatch('swat', schema, 1, label !== undefined);
  batch.values.set(values);
  batch.times[0] = time;
  batch.seqs[0] = seq;
  batch.origins[0] = 41;
  batch.labels?.fill(label as number);
  return batch;
}

function rowLines(batch: Batch, stream = 'swat'): { lines: string[]; refused: [number, string][] } {
  const refused: [number, string][] = [];
  const lines = linesOf((sink) => new RowLines(stream, batch.schema).put(batch, sink, (row, why) => refused.push([row, why])));
  return { lines, refused };
}

/** Each line has just the room that it asked for, and one byte before it. */
function linesOf(put: (sink: LineSink) => void): string[] {
  const lines: string[] = [];
  let bytes = Buffer.alloc(0);
  put({
    at: 1,
    begin: (longest) => {
      bytes = Buffer.alloc(1 + longest);
      return bytes;
    },
    end: (to) => {
      expect(to).toBeLessThanOrEqual(bytes.length);
      lines.push(bytes.toString('utf8', 1, to));
    },
  });
  return lines;
}

describe('rows', () => {
  it('are one line each; what is missing or not known is left out', () => {
    expect(rowLines(batchOf([2.43, -0, 5e-324], { seq: 2, label: 1 })).lines).toEqual([
      `sensors,seq=2,stream=swat _origin=41,_label=1i,FIT101=2.43,P1\\ pump\\,\\ "main"=-0,%74ime=5e-324 ${time}`,
    ]);
    expect(rowLines(batchOf([Number.NaN, Number.NaN, Number.NaN], { label: -1 })).lines).toEqual([`sensors,stream=swat _origin=41 ${time}`]);
  });

  it('that InfluxDB cannot hold are refused', () => {
    const batch = allocateBatch('swat', schema, 3);
    batch.times.set([time, -(2n ** 63n), time]);
    batch.values[7] = Number.NEGATIVE_INFINITY;
    const { lines, refused } = rowLines(batch);
    expect(lines).toHaveLength(1);
    expect(refused).toEqual([
      [1, 'its time is outside of what InfluxDB can hold'],
      [2, 'tag \'P1 pump, "main"\' is infinite, and InfluxDB holds finite numbers only'],
    ]);
  });

  it('are what the client of InfluxDB makes of them', () => {
    const name = fc.array(fc.constantFrom('a', 'B', '1', ' ', ',', '=', '"', "'", 'é', '😀', '#', '.'), { minLength: 1 }).map((parts) => `x${parts.join('')}`);
    const value = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), fc.array(value, { minLength: 8, maxLength: 8 }), name, (names, values, stream) => {
        const tags = makeSchema(names.map((each) => ({ name: each, kind: 'continuous' as const })));
        const batch = allocateBatch(stream, tags, 1);
        batch.times[0] = time;
        batch.values.set(values.slice(0, names.length));
        const point = new Point('sensors').tag('stream', stream).floatField('_origin', 0).timestamp(String(time));
        for (const [i, each] of names.entries()) point.floatField(each, values[i]);
        // The client drops the sign of zero and orders fields by name.
        const sorted = (line: string | undefined): string[] => (line ?? '').replaceAll(/=-0(?=[, ])/g, '=0').split(/(?<!\\)[ ,]/).sort(); // biome-ignore format: one line
        expect(sorted(rowLines(batch, stream).lines[0])).toEqual(sorted(point.toLineProtocol()));
      }),
      { numRuns: 500 },
    );
  });
});

describe('verdicts', () => {
  const verdictLines = (batch: Batch, verdicts: Verdicts): string[] =>
    linesOf((sink) => new VerdictLines('swat', schema, verdicts.detector).put(batch, verdicts, sink));

  it('are one line a row, with contributions where flagged', () => {
    const batch = allocateBatch('swat', schema, 3);
    for (let row = 0; row < 3; row++) batch.times[row] = time + BigInt(row);
    batch.seqs[2] = 1;
    const lines = verdictLines(batch, {
      detector: 'k-means',
      score: Float64Array.of(0.5, 9, Number.NaN),
      grade: Float64Array.of(0.25, 1, Number.NaN),
      status: Int8Array.of(1, -1, 2),
      contributions: { rows: [1], tags: [1, 0, -1, -1, -1], shares: [0.75, -0.25, 0, 0, 0], rest: [0] },
    });
    expect(lines).toEqual([
      `verdicts,detector=k-means,stream=swat status=1i,score=0.5,grade=0.25 ${time}`,
      `verdicts,detector=k-means,stream=swat status=-1i,score=9,grade=1,rest=0,tag1="P1 pump, \\"main\\"",share1=0.75,tag2="FIT101",share2=-0.25 ${time + 1n}`,
      `verdicts,detector=k-means,seq=1,stream=swat status=2i ${time + 2n}`,
    ]);
  });

  it('keep a score that is infinite as its sign', () => {
    const contributions = { rows: [], tags: [], shares: [], rest: [] };
    const verdicts = { detector: 'd', score: Float64Array.of(Number.POSITIVE_INFINITY), grade: Float64Array.of(1), status: Int8Array.of(-1), contributions };
    expect(verdictLines(batchOf([1, 2, 3]), verdicts)).toEqual([`verdicts,detector=d,stream=swat status=-1i,score_inf=1i,grade=1 ${time}`]);
  });
});

describe('events', () => {
  const incident: Incident = {
    ...{ id: 'c0ffee', stream: 'swat', detector: 'k-means', start: time, end: time + 9n, open: true, rows: 3, peakTime: time + 4n },
    ...{ peakScore: 12.5, peakGrade: Number.NaN, causes: ['a "b"'], contributions: Float64Array.of(0.5, -0) },
  };

  const schema = makeSchema([
    { name: 'LIT101', kind: 'continuous', stage: 'P1', unit: 'mm', description: 'level' },
    { name: 'MV101', kind: 'discrete' },
  ]);

  it('have incidents at a time that grows with every change', () => {
    expect(incidentLine(incident, schema)).toBe(
      `incidents,detector=k-means,id=c0ffee,stream=swat start=${time}i,end=${time + 9n}i,open=true,rows=3i,peakTime=${time + 4n}i,peakScore=12.5,` +
        `causes="[\\"a %5C\\"b%5C\\"\\"]",contributions="[0.5,-0]",tags="LIT101 ↑ 50 %" ${time + 6n}`,
    );
    const times = [incident, { ...incident, open: false }, { ...incident, rows: 4 }].map((each) =>
      BigInt(incidentLine(each, schema).split(' ').at(-1) as string),
    );
    expect(times).toEqual([time + 6n, time + 7n, time + 8n]);
  });

  it('have the levels of thresholds, the tags of streams and the counts of buckets', () => {
    const levels = { stream: 'swat', detector: 'd', time, warn: 1, error: 2.5, median: 0, method: 'quantile 0.99 of 1080 rows', model: 'c0' };
    expect(thresholdLine(levels)).toBe(`thresholds,detector=d,stream=swat method="quantile 0.99 of 1080 rows",model="c0",warn=1,error=2.5,median=0 ${time}`);
    expect(streamLine('swat', makeSchema([{ name: 'a', kind: 'discrete' }]))).toBe(
      'streams,stream=swat schema="{\\"tags\\":[{\\"name\\":\\"a\\",\\"kind\\":\\"discrete\\"}]}" 0',
    );
    expect(tagLines('swat', schema)).toEqual([
      'tags,stream=swat,tag=LIT101 kind="continuous",stage="P1",unit="mm",description="level",position=0i 0',
      'tags,stream=swat,tag=MV101 kind="discrete",stage="none",unit="none",description="MV101",position=1i 0',
    ]);
    const two = makeSchema(['a b', 'c'].map((name) => ({ name, kind: 'continuous' as const })));
    const bucket = {
      ...{ level: 10_000, time, min: Float64Array.of(1, Number.NaN), max: Float64Array.of(2, Number.NaN) },
      ...{ sum: Float64Array.of(Number.POSITIVE_INFINITY, Number.NaN), count: Float64Array.of(2, 0) },
    };
    expect(linesOf((sink) => new BucketLines('swat', two).put(bucket, sink))).toEqual([
      `sensors_lod,level=10000,stream=swat a\\ b_count=2,a\\ b_min=1,a\\ b_max=2,a\\ b_sum_inf=1i,c_count=0 ${time}`,
    ]);
  });

  it('have annotations, and dead letters by their position', () => {
    const annotation = { id: 'n', stream: 'swat', from: time, to: time + 5n, text: 'a\n"b"' };
    expect(annotationLine(annotation, 7)).toBe(`annotations,id=n,stream=swat to=${time + 5n}i,written=7i,text="a%0A\\"b\\"",incident="%",alarm="%" ${time}`);
    const letter = { source: 'plant 1.csv', partition: 0, position: 70_000_000_000, reason: 'cells', message: 'short', payload: '' } as const;
    expect(letterLine(letter)).toBe(
      'dead_letters,partition=0,source=plant\\ 1.csv stream="%",reason="cells",message="short",payload="%",removed=false 70000000000',
    );
    expect(removedLetterLine(letter)).toBe(
      'dead_letters,partition=0,source=plant\\ 1.csv stream="%",reason="%",message="%",payload="%",removed=true 70000000000',
    );
  });
});
