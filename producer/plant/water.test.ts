import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRandom } from '../../core/random.ts';
import type { Attack } from './attack.ts';
import { drawAttacks } from './random-attacks.ts';
import { Simulation } from './simulation.ts';
import { at, plantTags } from './tags.ts';
import { Tank } from './tank.ts';
import { Water } from './water.ts';

const tanksOf = ({ raw, feed, filter, dechlorination, permeate }: Water): Record<string, Tank> => ({ raw, feed, filter, dechlorination, permeate });

/** Litres that each book and tank is off by, relative to what went through. */
function imbalance(water: Water): number {
  const tanks = Object.values(tanksOf(water));
  const stored = tanks.reduce((sum, { litres, initial }) => sum + litres - initial, 0);
  const { raw, feed, dechlorination, permeate, books } = water;
  const spilled = raw.spilled + feed.spilled + dechlorination.spilled + permeate.spilled;
  const out = books.flushed + books.washed + books.rejected + spilled;
  const each = tanks.map((tank) => Math.abs(tank.received - tank.given - tank.spilled - (tank.litres - tank.initial)) / Math.max(1, tank.received));
  return Math.max(Math.abs(books.supplied - out - stored) / Math.max(1, books.supplied), ...each);
}

describe('a tank', () => {
  it('spills what does not fit and gives no more than there is', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double({ min: 0, max: 50, noNaN: true }), fc.double({ min: 0, max: 50, noNaN: true })), { maxLength: 200 }), (moves) => {
        const tank = new Tank({ litres: 30, capacity: 60, area: 0.5 });
        for (const [inflow, wanted] of moves) {
          const over = tank.receive(inflow);
          const given = tank.give(wanted);
          expect(given).toBeLessThanOrEqual(wanted);
          expect(over).toBeLessThanOrEqual(inflow + 1e-9);
          expect(tank.litres).toBeGreaterThanOrEqual(0);
          expect(tank.litres).toBeLessThanOrEqual(60);
        }
        expect(tank.litres - tank.initial).toBeCloseTo(tank.received - tank.given - tank.spilled, 8);
      }),
    );
  });

  it('stands a millimetre higher for a litre over a square metre', () => {
    expect(new Tank({ litres: 300, capacity: 690, area: 0.6 }).level).toBe(500);
  });
});

describe('the mass balance', () => {
  it.each([1, 2, 3])('holds over twelve hours of normal operation, seed %d', (seed) => {
    const plant = new Simulation(seed);
    for (let i = 0; i < 12 * 3600; i++) plant.step();
    expect(imbalance(plant.water)).toBeLessThan(1e-9);
    expect(plant.water.books.supplied).toBeGreaterThan(10_000);
  });

  it.each([1, 2, 3])('holds under drawn attacks, seed %d', (seed) => {
    const plant = new Simulation(seed, drawAttacks(seed, 4 * 3600));
    for (let i = 0; i < 4 * 3600; i++) {
      plant.step();
      if (i % 600 === 0) expect(imbalance(plant.water)).toBeLessThan(1e-9);
    }
    expect(imbalance(plant.water)).toBeLessThan(1e-9);
  });

  it('counts what runs over and what a dry tank cannot give', () => {
    const forced = (tag: 'MV101' | 'P101' | 'MV201' | 'MV302' | 'P301' | 'P401', to: 1 | 2) => ({ tag, kind: 'force' as const, to });
    const attack = (start: number, ...parts: Attack['parts']): Attack => ({ start, length: 3000, parts, stealthy: false, effect: '' });
    const plant = new Simulation(5, [
      attack(0, forced('MV101', 2), forced('P101', 1)),
      attack(3000, forced('MV101', 1), forced('P101', 2), forced('MV201', 2), forced('P301', 1)),
      attack(6000, forced('P401', 1), forced('MV302', 2), forced('P301', 2)),
    ]);
    const { water } = plant;
    const least: Record<string, number> = {};
    for (let i = 0; i < 9000; i++) {
      plant.step();
      for (const [name, { litres }] of Object.entries(tanksOf(water))) least[name] = Math.min(least[name] ?? litres, litres);
    }
    expect(water.raw.spilled).toBeGreaterThan(1000);
    expect(least.raw).toBe(0);
    expect(water.feed.spilled).toBeGreaterThan(50);
    expect(water.dechlorination.spilled).toBeGreaterThan(0);
    expect(imbalance(water)).toBeLessThan(1e-9);
  });

  it('holds whatever valves and pumps do', () => {
    const states = fc.array(fc.constantFrom<0 | 1 | 2>(0, 1, 2), { minLength: plantTags.length, maxLength: plantTags.length });
    fc.assert(
      fc.property(fc.array(fc.tuple(states, fc.integer({ min: 1, max: 400 }), fc.double({ min: 0.8, max: 1.2, noNaN: true })), { maxLength: 12 }), (moves) => {
        const water = new Water(makeRandom(1));
        for (const [commands, seconds, speed] of moves)
          for (let i = 0; i < seconds; i++) water.step({ states: Uint8Array.from(commands), speed, strokes: Float64Array.of(speed, 1, speed / 2) });
        expect(imbalance(water)).toBeLessThan(1e-9);
        expect(water.values.every((value) => Number.isFinite(value))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('splits the feed of the reverse osmosis into permeate and reject', () => {
    const plant = new Simulation(4);
    for (let i = 0; i < 3600; i++) {
      plant.step();
      const { values } = plant.water;
      // The concentrate before the reject is taken off holds what is led back before the membranes.
      expect(values[at.FIT502] + values[at.FIT503] - values[at.FIT504]).toBeCloseTo(values[at.FIT501], 12);
    }
  });
});

describe('what is dissolved', () => {
  it('comes to that of the raw water where nothing is dosed', () => {
    const water = new Water(makeRandom(2));
    const states = new Uint8Array(plantTags.length).fill(1);
    for (const tag of ['MV101', 'MV201', 'MV302', 'P101', 'P301', 'P401', 'P501', 'UV401'] as const) states[at[tag]] = 2;
    for (let i = 0; i < 8 * 3600; i++) water.step({ states, speed: 1, strokes: new Float64Array(3) });
    expect(Math.abs(water.values[at.AIT201] - 244)).toBeLessThan(8);
    expect(Math.abs(water.values[at.AIT202] - 7.4)).toBeLessThan(0.2);
    expect(Math.abs(water.values[at.AIT203] - 405)).toBeLessThan(16);
  });

  it('does not change in water that stands', () => {
    const water = new Water(makeRandom(2));
    const states = new Uint8Array(plantTags.length).fill(1);
    for (let i = 0; i < 60; i++) water.step({ states, speed: 1, strokes: new Float64Array(3) });
    const before = water.values.slice();
    for (let i = 0; i < 600; i++) water.step({ states, speed: 1, strokes: new Float64Array(3) });
    for (const tag of ['AIT201', 'AIT202', 'AIT203', 'LIT101', 'LIT301'] as const) expect(water.values[at[tag]]).toBeCloseTo(before[at[tag]], 6);
  });
});

describe('the filter', () => {
  it('fouls while it filters, and the backwash clears it with permeate', () => {
    const plant = new Simulation(6);
    const { water } = plant;
    const before = water.books.washed;
    // Differential pressure for the flow, through the last filtering second before each wash and the first settled one after it.
    const [dirty, clean]: number[][] = [[], []];
    let [resistance, ran] = [0, 0];
    for (let i = 0; i < 2 * 3600; i++) {
      plant.step();
      const filters = water.states[at.P301] === 2 && water.states[at.MV302] === 2 && water.filter.litres === water.filter.capacity;
      if (water.states[at.MV301] === 2 && ran > 60) dirty.push(resistance);
      ran = filters ? ran + 1 : water.states[at.MV301] === 2 ? 0 : ran;
      if (filters && water.values[at.FIT301] > 2) resistance = (water.values[at.DPIT301] - 0.8) / water.values[at.FIT301];
      if (filters && ran === 12 && dirty.length > 0) clean.push(resistance);
    }
    expect(dirty.length).toBeGreaterThan(4);
    for (const value of dirty) expect(value).toBeGreaterThan(1.2 * Math.max(...clean));
    expect(water.permeate.given).toBe(water.books.washed);
    // The pump runs for about fifteen of the twenty seconds, at 0.5 litres each.
    expect((water.books.washed - before) / dirty.length).toBeCloseTo(7.7, 0);
  });
});
