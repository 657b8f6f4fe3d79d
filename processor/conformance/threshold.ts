import assert from 'node:assert/strict';
import type { ThresholdDefinition } from '../../core/component.ts';
import type { Check } from '../../core/conformance.ts';
import { makeRandom } from '../../core/random.ts';
import { declarationConformance } from './declaration.ts';

/**
 * What every threshold promises: a finite level and a method in words from any calibration scores, the same every time, the
 * scores left alone; and never a level that flags score 0.
 *
 * @param options as in a pipeline file
 */
export function thresholdConformance(definition: ThresholdDefinition, { options = {} }: { options?: Record<string, unknown> } = {}): Check[] {
  const levelOf = (scores: Float64Array) => definition.fit(scores, definition.options.parse(options));
  const check = (name: string, run: () => void): Check => ({ name: `${definition.type}: ${name}`, run: async () => run() });
  const random = makeRandom(5, 'threshold conformance');
  const kinds: Record<string, Float64Array> = {
    'one score': Float64Array.of(2),
    'two scores': Float64Array.of(1, 2),
    'zeros only': new Float64Array(500),
    'mostly zeros': Float64Array.from({ length: 500 }, (_, i) => (i < 480 ? 0 : i)),
    'one repeated score': new Float64Array(500).fill(0.1),
    'ordinary scores': Float64Array.from({ length: 1080 }, () => Math.abs(random.normal())).sort(),
    'a long tail': Float64Array.from({ length: 1080 }, () => Math.exp(20 * random.normal())).sort(),
  };
  return [
    ...declarationConformance(definition, options),
    ...Object.entries(kinds).map(([kind, scores]) =>
      check(`${kind}: a level > 0 and how it came about, the same every time`, () => {
        const before = scores.slice();
        const result = levelOf(scores);
        const { level, method, wants } = result;
        assert.ok(Number.isFinite(level) && level > 0, `level ${level}`);
        assert.match(method, new RegExp(`^${definition.type}[^\\n]*[^.\\n]$`), 'the method begins with the type, on one line');
        assert.deepEqual(scores, before, 'the scores are left alone');
        assert.ok(wants === undefined || (Number.isInteger(wants) && wants > scores.length), `wants ${wants} scores, has ${scores.length}`);
        assert.deepEqual(levelOf(scores), result);
      }),
    ),
  ];
}
