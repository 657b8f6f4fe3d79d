import { describe, expect, it } from 'vitest';
import type { Attack, AttackPart } from './attack.ts';
import { Simulation } from './simulation.ts';
import { at, normalRange, type PlantTag, plantTags, spareTags } from './tags.ts';

const sensors = plantTags.filter((tag) => normalRange(tag) !== undefined);

/** Rows by tag, and the labels. */
function record(seconds: number, seed = 1, attacks: readonly Attack[] = []) {
  const plant = new Simulation(seed, attacks);
  const columns = plantTags.map(() => new Float64Array(seconds));
  const labels = new Uint8Array(seconds);
  for (let i = 0; i < seconds; i++) {
    plant.step();
    for (let t = 0; t < columns.length; t++) columns[t][i] = plant.seen[t];
    labels[i] = plant.attacked ? 1 : 0;
  }
  return { of: (tag: PlantTag) => columns[at[tag]], labels, columns };
}

/** A tag with its range, and an attack on it. */
const attackOf = (parts: readonly AttackPart[], more: Partial<Attack> = {}): Attack => ({
  start: 1000,
  length: 300,
  parts,
  stealthy: false,
  effect: '',
  ...more,
});
const middleOf = (tag: PlantTag): [middle: number, range: number] => {
  const { low, high } = normalRange(tag) ?? expect.fail(tag);
  return [(low + high) / 2, high - low];
};

describe('normal operation', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('stays in its declared ranges for a day, seed %d', (seed) => {
    const plant = new Simulation(seed);
    const outside = new Map<string, number>();
    const ranges = plantTags.map((tag) => normalRange(tag) ?? { least: tag.startsWith('MV') ? 0 : 1, most: spareTags.includes(tag) ? 1 : 2 });
    const [least, most] = [Float64Array.from(ranges, (range) => range.least), Float64Array.from(ranges, (range) => range.most)];
    const { seen } = plant;
    for (let i = 0; i < 86_400; i++) {
      plant.step();
      for (let t = 0; t < seen.length; t++) if (!(seen[t] >= least[t] && seen[t] <= most[t])) outside.set(plantTags[t], seen[t]);
    }
    expect(Object.fromEntries(outside)).toEqual({});
    const { raw, feed, dechlorination } = plant.water;
    expect([raw.spilled, feed.spilled, dechlorination.spilled]).toEqual([0, 0, 0]);
  });

  it('lies between the declared percentiles nine seconds of ten', () => {
    const { of } = record(24 * 3600, 11);
    for (const tag of sensors) {
      const { low, high } = normalRange(tag) ?? expect.fail(tag);
      const sorted = of(tag).slice().sort();
      const [fifth, last] = [0.05, 0.95].map((q) => sorted[Math.floor(q * (sorted.length - 1))]);
      const tolerance = 0.1 * (high - low);
      expect(Math.abs(fifth - low), `${tag} 5th`).toBeLessThan(tolerance);
      expect(Math.abs(last - high), `${tag} 95th`).toBeLessThan(tolerance);
    }
  });

  it('goes through its cycles several times an hour, and never turns on a spare pump', () => {
    const { of } = record(2 * 3600);
    const starts = (tag: PlantTag): number => of(tag).filter((value, i, all) => i > 0 && value === 2 && all[i - 1] !== 2).length;
    for (const tag of ['MV101', 'P101', 'MV301', 'P301', 'P201', 'P203', 'P205', 'P602'] as const) expect(starts(tag), tag).toBeGreaterThanOrEqual(4);
    for (const tag of spareTags) expect(new Set(of(tag)), tag).toEqual(new Set([1]));
  });

  it('keeps the feed of reverse osmosis at one of three levels', () => {
    const flow = record(12 * 3600, 2).of('FIT401');
    const near = (level: number): number => flow.filter((value) => Math.abs(value - level) < 0.02).length / flow.length;
    const shares = [1.62, 1.66, 1.7].map(near);
    for (const share of shares) expect(share).toBeGreaterThan(0.02);
    expect(shares.reduce((a, b) => a + b)).toBeGreaterThan(0.9);
  });

  it('is the same for the same seed, another for another', () => {
    const first = record(600, 3);
    expect(record(600, 3).columns).toEqual(first.columns);
    expect(record(600, 4).columns).not.toEqual(first.columns);
  });
});

describe('an attack', () => {
  const plain = record(2000);
  const during = (tag: PlantTag, parts: readonly AttackPart[], more: Partial<Attack> = {}) => {
    const found = record(2000, 1, [attackOf(parts, more)]);
    return { ...found, attacked: found.of(tag).slice(1000, 1300), before: found.of(tag).slice(0, 1000) };
  };

  it('labels its rows and no others, and changes nothing before', () => {
    const { labels, columns } = record(2000, 1, [attackOf([{ tag: 'P301', kind: 'force', to: 1 }])]);
    labels.forEach((label, i) => {
      if (label !== (i >= 1000 && i < 1300 ? 1 : 0)) expect.fail(`row ${i}`);
    });
    columns.forEach((column, t) => {
      expect(column.subarray(0, 1000)).toEqual(plain.columns[t].subarray(0, 1000));
    });
  });

  it('constant: reads the middle of the range and so many ranges', () => {
    const [middle, range] = middleOf('DPIT301');
    const { attacked, of } = during('DPIT301', [{ tag: 'DPIT301', kind: 'constant', size: 1.8 }]);
    expect([...new Set(attacked)]).toEqual([Math.round((middle + 1.8 * range) * 1000) / 1000]);
    expect(of('P301').slice(1020, 1300)).not.toContain(2);
  });

  it('ramp: is so many ranges away at the end, and half of it half way', () => {
    // No controller uses PIT501: without the attack it would read the same but for that.
    const [, range] = middleOf('PIT501');
    const { attacked } = during('PIT501', [{ tag: 'PIT501', kind: 'ramp', size: -0.8 }]);
    const away = attacked.map((value, i) => value - plain.of('PIT501')[1000 + i]);
    expect(away[149]).toBeCloseTo(-0.4 * range, 2);
    expect(away[299]).toBeCloseTo(-0.8 * range, 2);
  });

  it('offset: is so many ranges away', () => {
    const [, range] = middleOf('AIT504');
    const { attacked } = during('AIT504', [{ tag: 'AIT504', kind: 'offset', size: 2 }]);
    attacked.forEach((value, i) => {
      expect(value - plain.of('AIT504')[1000 + i]).toBeCloseTo(2 * range, 2);
    });
  });

  it('scale: multiplies, the middle of the range moves by so many ranges', () => {
    const [middle, range] = middleOf('PIT503');
    const { attacked } = during('PIT503', [{ tag: 'PIT503', kind: 'scale', size: 0.5 }]);
    attacked.forEach((value, i) => {
      expect(value / plain.of('PIT503')[1000 + i]).toBeCloseTo(1 + (0.5 * range) / middle, 4);
    });
  });

  it('frozen: holds the reading of the row before', () => {
    const { attacked, before } = during('LIT401', [{ tag: 'LIT401', kind: 'frozen' }]);
    expect(new Set(attacked)).toEqual(new Set([before[999]]));
  });

  it('replay: repeats the readings of as long before, or from further back and over again', () => {
    const { attacked, before } = during('LIT301', [{ tag: 'LIT301', kind: 'replay' }]);
    expect(attacked).toEqual(before.slice(700));
    const early = during('LIT301', [{ tag: 'LIT301', kind: 'replay', ago: 800 }]);
    expect(early.attacked).toEqual(before.slice(200, 500));
    const over = during('LIT301', [{ tag: 'LIT301', kind: 'replay', ago: 100 }]);
    expect([...over.attacked]).toEqual([...before.slice(900), ...before.slice(900), ...before.slice(900)]);
  });

  it.each([
    ['P301', 1],
    ['P203', 2],
    ['UV401', 1],
  ] as const)('force: %s reports %d from the first row to the last', (tag, to) => {
    const { attacked, of } = during(tag, [{ tag, kind: 'force', to }]);
    expect(new Set(attacked)).toEqual(new Set([to]));
    if (tag === 'UV401') expect(of(tag)[1300]).toBe(2);
  });

  it.each(plantTags.filter((tag) => normalRange(tag) === undefined && !spareTags.includes(tag)))(
    'force: %s does as it is told, and as before afterwards',
    (tag) => {
      for (const to of [1, 2] as const) {
        const { attacked, of } = during(tag, [{ tag, kind: 'force', to }], { start: 1000 });
        expect(new Set(attacked.slice(8))).toEqual(new Set([to]));
        const later = record(4000, 1, [attackOf([{ tag, kind: 'force', to }])])
          .of(tag)
          .slice(1300);
        const usual = new Set(record(4000, 1).of(tag));
        expect(of(tag).slice(0, 1000)).toEqual(plain.of(tag).slice(0, 1000));
        for (const state of new Set(later)) expect(usual).toContain(state);
        if (usual.size > 1) expect(new Set(later).size).toBeGreaterThan(1);
      }
    },
  );

  it('force: a valve takes its time, and the water follows', () => {
    const { attacked, of } = during('MV101', [{ tag: 'MV101', kind: 'force', to: 2 }]);
    expect(new Set(attacked.slice(8))).toEqual(new Set([2]));
    expect(Math.max(...of('LIT101'))).toBeGreaterThan((normalRange('LIT101')?.most ?? 0) - 60);
  });

  it('stuck: the valve reports moving and lets half of the flow through', () => {
    const { attacked, of } = during('MV101', [{ tag: 'MV101', kind: 'stuck' }]);
    expect(new Set(attacked.slice(5))).toEqual(new Set([0]));
    for (const flow of of('FIT101').slice(1030, 1300)) expect(Math.abs(flow - 4)).toBeLessThan(0.25);
  });

  it.each(spareTags)('spare: %s shows in no other tag', (tag) => {
    const { columns, labels } = record(1500, 1, [attackOf([{ tag, kind: 'spare' }])]);
    columns.forEach((column, t) => {
      if (plantTags[t] === tag) expect([...column]).toEqual([...labels].map((label) => 1 + label));
      else expect(column).toEqual(plain.columns[t].subarray(0, 1500));
    });
  });

  it('several: all parts act together', () => {
    const parts: AttackPart[] = [
      { tag: 'MV101', kind: 'force', to: 2 },
      { tag: 'LIT101', kind: 'replay' },
    ];
    const { of, attacked, before } = during('LIT101', parts);
    expect(attacked).toEqual(before.slice(700));
    expect(new Set(of('MV101').slice(1008, 1300))).toEqual(new Set([2]));
    // The true level shows when the replay ends.
    expect(of('LIT101')[1300]).toBeGreaterThan(of('LIT101')[1299] + 50);
  });

  it('stealthy: what is spoofed stays within the normal range', () => {
    const { low, high } = normalRange('AIT402') ?? expect.fail();
    const part = { tag: 'AIT402', kind: 'ramp', size: -3 } as const;
    expect(during('AIT402', [part]).attacked.at(-1)).toBeLessThan(low - (high - low));
    const hidden = during('AIT402', [part], { stealthy: true }).attacked;
    expect(hidden.at(-1)).toBe(low);
    hidden.forEach((value, i) => {
      const reading = plain.of('AIT402')[1000 + i];
      expect(value).toBeGreaterThanOrEqual(Math.min(low, reading));
      expect(value).toBeLessThanOrEqual(Math.max(high, reading));
    });
  });

  it('passes, and the plant recovers', () => {
    const { of } = record(4000, 1, [attackOf([{ tag: 'FIT401', kind: 'constant', size: -13 }], { length: 200 })]);
    expect(of('P501')[1150]).toBe(1);
    expect(of('PIT501')[1190]).toBeLessThan(30);
    expect(of('P501')[1300]).toBe(2);
    for (const tag of ['PIT501', 'FIT502', 'LIT401'] as const) {
      const { least, most } = normalRange(tag) ?? expect.fail();
      expect(of(tag)[1800], tag).toBeGreaterThan(least);
      expect(of(tag)[1800], tag).toBeLessThan(most);
    }
  });
});
