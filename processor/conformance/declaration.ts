import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { ComponentDefinition } from '../../core/component.ts';
import type { Check } from '../../core/conformance.ts';

/**
 * What every declaration owes its reader: a kebab-case type, a summary of one sentence, when it fails, cost and source
 * told, every option described, unknown ones refused, and options that are valid as given.
 *
 * @param options as in a pipeline file, for a component that cannot do without
 */
export function declarationConformance(definition: ComponentDefinition, options: Record<string, unknown> = {}): Check[] {
  const check = (name: string, run: () => void): Check => ({ name: `${definition.type}: ${name}`, run: async () => run() });
  return [
    check('the declaration says what, when not, at what cost and from where', () => {
      assert.match(definition.type, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'type is kebab-case');
      assert.match(definition.summary, /^[A-Z][^\n]*\.$/, 'summary is one sentence');
      for (const field of ['fails', 'cost', 'source'] as const) {
        assert.ok((definition[field] ?? '').trim().length >= 4, `${field} is told`);
      }
    }),
    check('every option is described', () => {
      for (const [name, field] of Object.entries(definition.options.shape as Record<string, z.ZodType>)) {
        assert.ok((field.description ?? '').length >= 8, `option '${name}' has a description`);
      }
    }),
    check('options have valid defaults, and unknown ones are refused', () => {
      definition.options.parse(options);
      const stray = definition.options.safeParse({ ...options, 'no-such-option': 1 });
      assert.ok(!stray.success, 'an unknown option is refused');
      assert.equal(stray.error.issues[0].code, 'unrecognized_keys');
    }),
    check('a shorthand names one of the options', () => {
      if (definition.shorthand !== undefined) assert.ok(definition.shorthand in definition.options.shape);
    }),
  ];
}
