import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRandom } from '../core/random.ts';
import { learnNext, scoreNext } from './random-cut-forest.ts';
import { boundsOf, composePoint, copyForest, type Forest, type ForestShape, keepRow, newForest, none, openForest } from './random-cut-forest-state.ts';
import { deletePoint, descend, insertPoint } from './random-cut-forest-tree.ts';

const shapeOf = (shape: Partial<ForestShape> = {}): ForestShape => ({ columns: 1, shingle: 1, trees: 1, samples: 8, decay: 0, ...shape });
const make = (shape: Partial<ForestShape> = {}, seed = 1): Forest => {
  const whole = shapeOf(shape);
  const random = makeRandom(seed, 'forest');
  return openForest(
    whole,
    newForest(
      whole,
      Int32Array.from({ length: 4 }, () => random.int(2 ** 32)),
      new Float64Array(whole.columns),
    ),
  );
};
/** Scores and learns rows of all columns. */
const run = (forest: Forest, values: readonly number[] | Float64Array, learn: (row: number) => boolean = () => true): number[] => {
  const flat = Float64Array.from(values);
  return Array.from({ length: flat.length / forest.columns }, (_, row) => {
    const score = scoreNext(forest, flat, row * forest.columns);
    learnNext(forest, flat, row * forest.columns, learn(row));
    return score;
  });
};
const walk = (length: number, seed = 3): Float64Array => {
  const random = makeRandom(seed);
  const out = new Float64Array(length);
  for (let i = 1; i < length; i++) out[i] = 0.9 * out[i - 1] + random.normal();
  return out;
};

type Node = { mass: number; low: number[]; high: number[] } & ({ point: number[] } | { column: number; cut: number; left: Node; right: Node });

/** The tree as it is told by the state, with the boxes and masses that follow from its leaves; every promise of it checked on the way. */
function readTree(forest: Forest, tree: number): Node | undefined {
  const { state, samples, size } = forest;
  const held = Math.min(state.points, samples);
  if (held === 0) return undefined;
  const ids = tree * (2 * samples + 1);
  const masses = new Map<number, number>();
  for (let i = 0; i < held; i++) {
    const leaf = state.drawn[tree * samples + i];
    masses.set(leaf, (masses.get(leaf) ?? 0) + 1);
  }
  const read = (node: number, above: number): Node => {
    expect(forest.parent[ids + node]).toBe(above);
    const at = boundsOf(forest, tree, node);
    if (node >= samples) {
      const point = [...state.rows.subarray(at, at + size)];
      const mass = masses.get(node - samples) ?? 0;
      expect(forest.mass[ids + node]).toBe(mass);
      expect(mass).toBeGreaterThan(0);
      masses.delete(node - samples);
      return { mass, low: point, high: point, point };
    }
    const [left, right] = [0, 1].map((side) => read(state.child[2 * (tree * samples + node) + side], node));
    const [column, cut] = [state.cutColumn[tree * samples + node], state.cutValue[tree * samples + node]];
    expect(left.high[column]).toBeLessThanOrEqual(cut);
    expect(right.low[column]).toBeGreaterThan(cut);
    const low = left.low.map((x, i) => Math.min(x, right.low[i]));
    const high = left.high.map((x, i) => Math.max(x, right.high[i]));
    expect([...forest.low.subarray(at, at + size)]).toEqual(low);
    expect([...forest.high.subarray(at, at + size)]).toEqual(high);
    expect(forest.range[tree * samples + node]).toBe(high.reduce((sum, x, i) => sum + (x - low[i]), 0));
    const mass = left.mass + right.mass;
    expect(forest.mass[ids + node]).toBe(mass);
    return { mass, low, high, column, cut, left, right };
  };
  const root = read(state.root[tree], none);
  expect(root.mass).toBe(held);
  expect(masses.size, 'every leaf of the sample stands in the tree').toBe(0);
  return root;
}

const pointsOf = (node: Node): number[][] => ('point' in node ? Array(node.mass).fill(node.point) : [...pointsOf(node.left), ...pointsOf(node.right)]);
/** Who is parted from whom, without the cuts. */
const formOf = (forest: Forest, tree: number, node = forest.state.root[tree]): string => {
  const at = boundsOf(forest, tree, node);
  if (node >= forest.samples) return String(forest.state.rows.subarray(at, at + forest.size));
  const pair = 2 * (tree * forest.samples + node);
  const below = [0, 1].map((side) => formOf(forest, tree, forest.state.child[pair + side]));
  return `(${below.sort().join(' ')})`;
};

/** Few values, so that some points are equal. */
const streams = fc.record({
  columns: fc.integer({ min: 1, max: 2 }),
  shingle: fc.integer({ min: 1, max: 3 }),
  samples: fc.integer({ min: 2, max: 20 }),
  decay: fc.constantFrom(0, 0.01, 0.5),
  values: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 2, maxLength: 240 }),
});

describe('the trees of a forest', () => {
  it('hold a sample of the points, in boxes that fit, apart by their cuts', () => {
    fc.assert(
      fc.property(streams, ({ values, ...shape }) => {
        const forest = make({ ...shape, trees: 2 });
        const rows = values.slice(0, values.length - (values.length % shape.columns));
        const known = new Set<string>();
        for (let at = 0; at < rows.length; at += shape.columns) {
          run(forest, rows.slice(at, at + shape.columns));
          known.add(String(rows.slice(Math.max(0, at + shape.columns - forest.size), at + shape.columns)));
          for (const tree of [0, 1])
            for (const point of pointsOf(readTree(forest, tree) ?? { mass: 0, low: [], high: [], point: [] })) expect(known).toContain(String(point));
        }
      }),
      { numRuns: 25 },
    );
  });

  it('follow from their state: made anew from it at any row, they go on the same', () => {
    fc.assert(
      fc.property(streams, fc.nat(), ({ values, ...shape }, cut) => {
        const rows = values.slice(0, values.length - (values.length % shape.columns));
        const at = (cut % (rows.length / shape.columns)) * shape.columns;
        const whole = make({ ...shape, trees: 3 });
        const expected = run(whole, rows);
        const first = make({ ...shape, trees: 3 });
        const scores = run(first, rows.slice(0, at));
        const second = openForest(shapeOf({ ...shape, trees: 3 }), structuredClone(first.state));
        expect([...scores, ...run(second, rows.slice(at))]).toEqual(expected);
        for (const tree of [0, 1, 2]) expect(readTree(second, tree)).toEqual(readTree(whole, tree));
      }),
      { numRuns: 40 },
    );
  });

  it('are as before when a point has come and gone', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 20 }), fc.integer({ min: -60, max: 60 }), (points, extra) => {
        const forest = make({ samples: 20 });
        run(forest, points);
        const before = readTree(forest, 0);
        composePoint(forest, Float64Array.of(extra), 0);
        keepRow(forest, Float64Array.of(extra), 0);
        deletePoint(forest, 0, insertPoint(forest, 0, forest.state.used - 1));
        expect(readTree(forest, 0)).toEqual(before);
      }),
    );
  });

  const trees = 4000;
  /** Part of the trees that have each form. */
  const shares = (forest: Forest): Map<string, number> => {
    const out = new Map<string, number>();
    for (let tree = 0; tree < forest.trees; tree++) {
      const name = formOf(forest, tree);
      out.set(name, (out.get(name) ?? 0) + 1 / forest.trees);
    }
    return out;
  };

  it('part three points as often as the gaps between them say, in whatever order they came', () => {
    // The first cut is uniform over [0, 4]: three in four part 4 from the others, one in four 0.
    for (const order of [
      [0, 1, 4],
      [4, 0, 1],
      [1, 4, 0],
    ]) {
      const forest = make({ trees });
      run(forest, order);
      const found = shares(forest);
      expect(found.size).toBe(2);
      expect(Math.abs(found.get('((0 1) 4)')! - 0.75)).toBeLessThan(0.025);
    }
  });

  it('cut columns as often as they are long', () => {
    const forest = make({ columns: 2, trees });
    run(forest, [0, 0, 1, 3]);
    let second = 0;
    for (let tree = 0; tree < trees; tree++) second += forest.state.cutColumn[tree * 8 + forest.state.root[tree]];
    expect(Math.abs(second / trees - 0.75)).toBeLessThan(0.025);
  });

  it('are, after points have come and gone, as if grown from the others alone', () => {
    const points = [0, 0, 2, 1, 3, 5, 7, 2];
    const others = [1, 1, 9, -4, 4, 3];
    const afresh = make({ columns: 2, trees, samples: 8 }, 1);
    run(afresh, points);
    const worn = make({ columns: 2, trees, samples: 8 }, 2);
    const rows = Float64Array.from([...others.slice(0, 4), ...points, ...others.slice(4)]);
    const leaves: number[][] = [];
    for (let row = 0; row < rows.length / 2; row++) {
      composePoint(worn, rows, 2 * row);
      keepRow(worn, rows, 2 * row);
      leaves.push(Array.from({ length: trees }, (_, tree) => insertPoint(worn, tree, row)));
    }
    for (const row of [1, 6, 0]) for (let tree = 0; tree < trees; tree++) deletePoint(worn, tree, leaves[row][tree]);
    const [expected, found] = [shares(afresh), shares(worn)];
    expect(new Set(found.keys())).toEqual(new Set(expected.keys()));
    expect(expected.size).toBeGreaterThan(6);
    // Chi-square of two samples of the same size, which has a mean of one less than there are forms.
    let distance = 0;
    for (const [name, share] of expected) distance += (trees * (share - found.get(name)!) ** 2) / (share + found.get(name)!);
    expect(distance).toBeLessThan(expected.size - 1 + 4 * Math.sqrt(2 * (expected.size - 1)));
  });
});

describe('scores', () => {
  const scoreOf = (points: readonly number[], query: number): number => {
    const forest = make({ trees: 40 });
    run(forest, points);
    return scoreNext(forest, Float64Array.of(query), 0);
  };

  it('are those worked out by hand', () => {
    expect(scoreOf([5], 7)).toBe(1);
    expect(scoreOf([5], 5)).toBe((1 - 1 / 2) * 1);
    expect(scoreOf([5, 5, 5], 5)).toBeCloseTo(((1 - 3 / 6) / 2) * 2, 14);
    expect(scoreOf([5, 5, 5], 6)).toBe(2);
    // Between two points: the leaf, at depth 1. Outside: two of three cuts set it apart at the root.
    expect(scoreOf([0, 1], 0.5)).toBeCloseTo((1 / 2) * Math.log2(3), 14);
    expect(scoreOf([0, 1], 3)).toBeCloseTo(((2 / 3) * 1 + (1 / 3) * (1 / 2)) * Math.log2(3), 14);
    expect(scoreOf([0, 1], 1)).toBeCloseTo(((1 - 1 / 4) / (1 + 1)) * Math.log2(3), 14);
  });

  it('average over the trees', () => {
    const forest = make({ trees: 4000 });
    run(forest, [0, 1, 4]);
    // At 0 of {0, 1, 4}: one tree in four has it at depth 1.
    expect(scoreNext(forest, Float64Array.of(0), 0)).toBeCloseTo((1 - 1 / 6) * (0.25 / 2 + 0.75 / 3) * 2, 2);
    const each = Array.from({ length: 4000 }, (_, tree) => descend(forest, tree));
    expect(scoreNext(forest, Float64Array.of(0), 0)).toBe((each.reduce((sum, x) => sum + x, 0) / 4000) * 2);
  });

  it('wait for a whole shingle and a point before it', () => {
    const undefinedRows = (scores: number[]): number => scores.filter(Number.isNaN).length;
    expect(undefinedRows(run(make(), walk(30)))).toBe(1);
    expect(undefinedRows(run(make({ shingle: 10 }), walk(30)))).toBe(10);
    const forest = make({ shingle: 3 });
    run(forest, walk(30));
    expect(undefinedRows(run(openForest(forest, copyForest(forest.state)), walk(30)))).toBe(2);
  });

  it('see the order of rows through a shingle', () => {
    const forest = make({ shingle: 4, trees: 50, samples: 64 });
    const rhythm = Float64Array.from({ length: 400 }, (_, i) => i % 4);
    run(forest, rhythm);
    const usual = run(openForest(forest, structuredClone(forest.state)), [0, 1, 2, 3]);
    const turned = run(forest, [3, 2, 1, 0]);
    expect(Math.max(...usual)).toBeLessThan(Math.min(...turned) / 2);
  });

  it('do not depend on where zero lies, nor on the unit', () => {
    const values = walk(600).map((x) => Math.round(64 * x) / 64);
    const expected = run(make({ shingle: 3, trees: 5, samples: 32 }), values);
    const shape = shapeOf({ shingle: 3, trees: 5, samples: 32 });
    const far = openForest(shape, newForest(shape, make().state.random, Float64Array.of(2 ** 30)));
    expect(
      run(
        far,
        values.map((x) => x + 2 ** 30),
      ),
    ).toEqual(expected);
    expect(
      run(
        make({ shingle: 3, trees: 5, samples: 32 }),
        values.map((x) => 1024 * x),
      ),
    ).toEqual(expected);
  });

  it('are finite for any finite rows, however far', () => {
    const forest = make({ columns: 2, shingle: 2, trees: 4 });
    const most = Number.MAX_VALUE;
    const scores = run(forest, [0, 1, most, -most, 1, 1, -most, most, 1e300, 1e-300, 0, 0, most, most, 5e-324, 0]);
    for (const score of scores.slice(2)) expect(score > 0 && score < 100, String(score)).toBe(true);
  });
});

describe('what a forest learns', () => {
  const agesOf = (decay: number, rows: number): Float64Array => {
    const forest = make({ trees: 300, samples: 16, decay });
    run(
      forest,
      Float64Array.from({ length: rows }, (_, row) => row),
    );
    const ages: number[] = [];
    for (let i = 0; i < 300 * 16; i++) ages.push(rows - 1 - forest.state.rows[forest.state.leaf[Math.floor(i / 16) * 17 + forest.state.drawn[i]]]);
    return Float64Array.from(ages).sort();
  };

  it('is a sample of all points alike without decay', () => {
    const ages = agesOf(0, 400);
    for (const q of [0.1, 0.25, 0.5, 0.75, 0.9]) expect(Math.abs(ages[Math.floor(q * ages.length)] / 400 - q)).toBeLessThan(0.03);
  });

  it('is mostly of late with decay, as the weights say', () => {
    // A point of age a is in a sample of weights e^-(decay a) with about 1 - exp(-c e^-(decay a)), where these add up to 16.
    const decay = 0.02;
    const among = (c: number): number[] => Array.from({ length: 1500 }, (_, a) => 1 - Math.exp(-c * Math.exp(-decay * a)));
    const sum = (values: number[]): number => values.reduce((total, x) => total + x, 0);
    let [least, most] = [0, 10];
    while (most - least > 1e-9) [least, most] = sum(among((least + most) / 2)) < 16 ? [(least + most) / 2, most] : [least, (least + most) / 2];
    const expected = among(least);
    const ages = agesOf(decay, 1500);
    for (const age of [10, 30, 60, 120, 200]) {
      const found = ages.findIndex((x) => x >= age) / ages.length;
      expect(Math.abs(found - sum(expected.slice(0, age)) / 16), `younger than ${age}`).toBeLessThan(0.03);
    }
  });

  it('leaves out rows that it is told to, but remembers them in shingles', () => {
    const forest = make({ shingle: 2, trees: 3, samples: 64 });
    run(forest, [1, 2, 3, 9, 4, 5], (row) => row !== 3);
    for (const tree of [0, 1, 2]) {
      const points = pointsOf(readTree(forest, tree)!).map(String).sort();
      expect(points).toEqual(['1,2', '2,3', '4,5', '9,4']);
    }
    expect(forest.state.points).toBe(4);
  });

  it('keeps no more rows than its points need, and an eighth', () => {
    const forest = make({ shingle: 4, trees: 3, samples: 16, decay: 0.01 });
    run(forest, walk(20_000));
    expect(forest.state.rows.length).toBeLessThan(1.2 * (3 * 16 * 4 + 4) + 32);
  });
});
