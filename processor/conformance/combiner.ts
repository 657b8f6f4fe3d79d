import assert from 'node:assert/strict';
import type { CombinerDefinition, Member } from '../../core/component.ts';
import type { Check } from '../../core/conformance.ts';
import { makeRandom } from '../../core/random.ts';
import { decodeRecord, encodeRecord, type Plain } from '../../core/record.ts';
import { Status } from '../../core/verdict.ts';
import { gradeOf, logScoreOf, statusOf } from '../calibration.ts';
import { declarationConformance } from './declaration.ts';

const rows = 400;
const count = 3;

/**
 * What every combiner promises, on three members with rows that some or all of them leave unscored: the same in any batches and
 * across a saved state, no verdict where no member has one, never milder when a member gets worse, and weights that can share out
 * every flagged row.
 *
 * @param options as in a pipeline file
 */
export function combinerConformance(definition: CombinerDefinition, { options = {} }: { options?: Record<string, unknown> } = {}): Check[] {
  const parsed = definition.options.parse(options);
  const start = (): Plain => definition.start?.(parsed, count);
  const combine = (members: readonly Member[], batch: number, state = start()) => {
    const out = emptyVerdicts();
    for (let from = 0; from < members[0].grade.length; from += batch) {
      const to = Math.min(members[0].grade.length, from + batch);
      const slice = { score: out.score.subarray(from, to), grade: out.grade.subarray(from, to), status: out.status.subarray(from, to) };
      definition.apply(part(members, from, to), to - from, parsed, state, slice);
    }
    return out;
  };
  /** How bad a row is taken to be, whichever way the combiner says it. */
  const badness = (out: ReturnType<typeof emptyVerdicts>): Float64Array => (definition.scoring === 'fused' ? out.score : out.grade);
  const check = (name: string, run: () => void): Check => ({ name: `${definition.type}: ${name}`, run: async () => run() });

  return [
    ...declarationConformance(definition, options),
    check('verdicts are the same in batches of 1, 7 and all rows', () => {
      const members = makeMembers(memberScores(1));
      for (const batch of [1, 7]) assert.deepEqual(combine(members, batch), combine(members, rows));
    }),
    check('a saved state continues the same', () => {
      const members = makeMembers(memberScores(2));
      const whole = badness(combine(members, rows));
      for (const at of [1, 5, 77]) {
        const state = start();
        combine(part(members, 0, at), at, state);
        const restored = decodeRecord(encodeRecord('state', state), 'state');
        assert.deepEqual(badness(combine(part(members, at, rows), 50, restored)).subarray(0, rows - at), whole.subarray(at));
      }
    }),
    check(definition.scoring === 'fused' ? 'scores are finite and >= 0' : 'grade and status say the same', () => {
      const out = combine(makeMembers(memberScores(3)), rows);
      for (let row = 0; row < rows; row++) {
        if (definition.scoring === 'fused') assert.ok(Number.isNaN(out.score[row]) || (out.score[row] >= 0 && out.score[row] < Number.POSITIVE_INFINITY));
        else assert.equal(out.status[row], statusOf(out.grade[row], { warn: 0.5, error: 1 }), `row ${row}, grade ${out.grade[row]}`);
      }
    }),
    check('where no member has a verdict there is none, where all have there is one', () => {
      const scores = memberScores(4);
      const result = badness(combine(makeMembers(scores), rows));
      for (let row = 0; row < rows; row++) {
        const missing = scores.filter((member) => Number.isNaN(member[row])).length;
        if (missing === count) assert.ok(Number.isNaN(result[row]), `row ${row}`);
        if (missing === 0) assert.ok(!Number.isNaN(result[row]), `row ${row}`);
      }
    }),
    check('a member that gets worse never makes it milder', () => {
      const scores = memberScores(5);
      const before = badness(combine(makeMembers(scores), rows));
      for (let m = 0; m < count; m++) {
        const after = badness(combine(makeMembers(scores.map((member, k) => (k === m ? member.map((score) => score * 1.7) : member))), rows));
        for (let row = 0; row < rows; row++) assert.ok(Number.isNaN(before[row]) || after[row] >= before[row], `member ${m}, row ${row}`);
      }
    }),
    check('weights are finite and >= 0, 0 without a verdict, and share out every row that a member flags', () => {
      const scores = memberScores(6);
      const members = makeMembers(scores);
      for (let row = 0; row < rows; row++) {
        const weights = members.map((_, m) => definition.weight(members, row, m));
        for (const [m, weight] of weights.entries()) {
          assert.ok(weight >= 0 && Number.isFinite(weight), `row ${row}: ${weights}`);
          if (Number.isNaN(scores[m][row])) assert.equal(weight, 0, `row ${row}, member ${m}`);
        }
        if (members.some(({ grade }) => grade[row] >= 0.5)) assert.ok(Math.max(...weights) > 0, `row ${row}`);
      }
    }),
  ];
}

function emptyVerdicts(): { score: Float64Array; grade: Float64Array; status: Int8Array } {
  return { score: new Float64Array(rows), grade: new Float64Array(rows), status: new Int8Array(rows).fill(Status.undefined) };
}

function part(members: readonly Member[], from: number, to: number): Member[] {
  return members.map(({ name, grade, status, logScore }) => ({
    name,
    grade: grade.subarray(from, to),
    status: status.subarray(from, to),
    logScore: logScore.subarray(from, to),
  }));
}

/** Scores of three members, median about 1, error level 4: often quiet, at times bad together, some rows unscored. */
function memberScores(seed: number): Float64Array[] {
  const random = makeRandom(seed, 'combiner conformance');
  const together = Float64Array.from({ length: rows }, () => random.normal());
  return Array.from({ length: count }, () =>
    Float64Array.from({ length: rows }, (_, row) => (random.next() < 0.15 || row % 50 < 2 ? Number.NaN : Math.exp(together[row] + 0.5 * random.normal()))),
  );
}

function makeMembers(scores: readonly Float64Array[]): Member[] {
  const calibration = { median: 1, warn: 2, error: 4, logFloor: 0.004, logMedian: 0, logScale: Math.log(4) };
  return scores.map((member, m) => ({
    name: `member ${m}`,
    grade: member.map((score) => gradeOf(score, calibration)),
    status: Int8Array.from(member, (score) => statusOf(score, calibration)),
    logScore: member.map((score) => logScoreOf(score, calibration)),
  }));
}
