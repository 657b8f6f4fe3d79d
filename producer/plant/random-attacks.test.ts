import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { kindOf, sizedKinds, sizeOf } from './attack.ts';
import { drawAttacks, recovery, usualHead } from './random-attacks.ts';
import { scenarios } from './scenarios.ts';
import { Simulation } from './simulation.ts';
import { normalRange, plantTags } from './tags.ts';

describe('drawn attacks', () => {
  it('are 6 to 10, after the normal head, with time to recover after each', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 2 * 3600, max: 72 * 3600 }), (seed, seconds) => {
        const attacks = drawAttacks(seed, seconds);
        expect(attacks.length).toBeGreaterThanOrEqual(6);
        expect(attacks.length).toBeLessThanOrEqual(10);
        expect(attacks[0].start).toBeGreaterThanOrEqual(Math.max(3600, 0.5 * seconds - 1));
        for (const [i, { start, length }] of attacks.entries()) {
          expect(Number.isInteger(start) && Number.isInteger(length)).toBe(true);
          expect((attacks[i + 1]?.start ?? seconds) - start - length).toBeGreaterThanOrEqual(recovery);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are of many kinds, no scenario twice, a stealthy one and one over several tags among them', () => {
    for (let seed = 0; seed < 50; seed++) {
      const attacks = drawAttacks(seed, (seed % 2 === 0 ? 2.5 : 4) * 3600);
      expect(new Set(attacks.map(({ effect }) => effect)).size).toBe(attacks.length);
      expect(new Set(attacks.map(kindOf)).size).toBeGreaterThanOrEqual(4);
      expect(attacks.some(({ stealthy }) => stealthy)).toBe(true);
      expect(attacks.some(({ parts }) => parts.length > 1)).toBe(true);
    }
  });

  it('have sizes and lengths from their declared bounds', () => {
    for (let seed = 0; seed < 50; seed++) {
      for (const attack of drawAttacks(seed, 6 * 3600)) {
        const scenario = scenarios.find(({ effect }) => effect === attack.effect) ?? expect.fail(attack.effect);
        expect(attack.length).toBeGreaterThanOrEqual(scenario.length[0]);
        expect(attack.length).toBeLessThanOrEqual(scenario.length[1]);
        for (const [p, { size }] of attack.parts.entries()) {
          const bounds = scenario.parts[p].size;
          expect(size === undefined).toBe(bounds === undefined);
          if (size !== undefined && bounds) expect(size >= bounds[0] && size <= bounds[1], `${attack.effect}: ${size}`).toBe(true);
        }
      }
    }
  });

  it('are those of the seed and the time', () => {
    expect(drawAttacks(7, 14_400)).toEqual(drawAttacks(7, 14_400));
    expect(drawAttacks(7, 14_400)).not.toEqual(drawAttacks(8, 14_400));
    expect(drawAttacks(7, 14_400, 7200)[0].start).toBeGreaterThanOrEqual(7200);
  });

  it('leave the plant in its usual ranges when the next one begins, but for one time in twenty', () => {
    let [gaps, out] = [0, 0];
    for (let seed = 0; seed < 10; seed++) {
      const attacks = drawAttacks(seed, 4 * 3600);
      const plant = new Simulation(seed, attacks);
      for (const { start } of attacks.slice(1)) {
        while (plant.second < start - 1) plant.step();
        gaps++;
        const outside = plantTags.filter((tag, t) => {
          const range = normalRange(tag);
          return range && (plant.seen[t] < range.least || plant.seen[t] > range.most);
        });
        if (outside.length > 0) out++;
      }
    }
    expect(gaps).toBeGreaterThan(40);
    expect(out / gaps).toBeLessThan(0.05);
  });

  it('need time', () => {
    expect(usualHead(3600)).toBe(3600);
    const short = (): unknown => drawAttacks(1, 2 * 3600 - 1);
    expect(short).toThrow(SluiceError);
    expect(short).toThrow(/1 h 59 min are too short for 1 h of normal rows and 6 attacks.*Take 2 h or more/);
  });
});

describe('each scenario', () => {
  const seconds = 2400;
  /** Where attacks begin: a valve or pump may stand already as it is forced. */
  const starts = [0, 600, 1200];
  const run = (attacks: ConstructorParameters<typeof Simulation>[1]): Float64Array[] => {
    const plant = new Simulation(3, attacks);
    return Array.from({ length: seconds }, () => {
      plant.step();
      return plant.seen.slice();
    });
  };
  const plain = run([]);

  it.each(scenarios.map((scenario) => ({ scenario, effect: scenario.effect })))('shows: $effect', ({ scenario }) => {
    const parts = scenario.parts.map(({ size, ...part }) => (size === undefined ? part : { ...part, size: size[0] }));
    const shown = starts.map((start) => {
      const rows = run([{ start, length: scenario.length[0], parts, stealthy: scenario.stealthy ?? false, effect: scenario.effect }]);
      const tags = plantTags.filter((_, t) => rows.some((row, i) => i < start + scenario.length[0] && row[t] !== plain[i][t]));
      if (scenario.group === 'spare') expect(tags).toEqual([scenario.parts[0].tag]);
      return tags;
    });
    for (const { tag } of scenario.parts)
      expect(
        shown.some((tags) => tags.includes(tag)),
        tag,
      ).toBe(true);
    for (const tags of shown) expect(tags.length).toBeGreaterThan(0);
  });

  it('is sound: sizes for sized kinds alone, on tags that have a range', () => {
    for (const { parts } of scenarios) {
      for (const { tag, kind, size } of parts) {
        expect(size !== undefined, `${tag} ${kind}`).toBe(sizedKinds.includes(kind));
        if (size) expect(size[0]).toBeLessThan(size[1]);
        if (size) expect(normalRange(tag)).toBeDefined();
      }
    }
    expect(sizeOf({ start: 0, length: 1, stealthy: false, effect: '', parts: [] })).toBeUndefined();
  });
});
