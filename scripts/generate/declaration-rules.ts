import { detectorKeys, sourceKeys } from '../../core/config/frame.ts';
import { toJsonSchema } from '../../core/config/json-schema.ts';
import type { Component } from './component-page.ts';

/** Option names that a pipeline file uses beside a component's own. */
const reserved: Record<string, readonly string[]> = {
  source: Object.keys(sourceKeys.shape),
  detector: Object.keys(detectorKeys.shape),
  combiner: ['of', 'threshold'],
};

/** @throws with every rule that a declaration breaks: names, descriptions, strictness. */
export function requireSound(components: readonly Component[]): void {
  const broken = components.flatMap(rulesBrokenBy);
  if (broken.length > 0) throw new Error(`declarations that break the rules:\n${broken.map((line) => `  ${line}`).join('\n')}`);
}

export function rulesBrokenBy({ definition, file }: Component): string[] {
  const { type, kind, summary, options, shorthand } = definition;
  const { properties = {}, additionalProperties } = toJsonSchema(options) as {
    properties?: Record<string, { description?: string }>;
    additionalProperties?: unknown;
  };
  const names = Object.keys(properties);
  const taken = names.filter((name) => name === 'type' || reserved[kind]?.includes(name));
  const undescribed = names.filter((name) => !properties[name].description);
  const said: [boolean, string][] = [
    [kind !== file.kind, `is a ${kind} in the place of a ${file.kind}`],
    [type !== file.type, `its type '${type}' differs from its name '${file.type}'`],
    [!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(type), `its type '${type}' is not kebab-case`],
    [!/^[^\n]+\.$/.test(summary), 'its summary is not one sentence that ends in a full stop'],
    [additionalProperties !== false, 'its options are not a strict object'],
    [undescribed.length > 0, `options without a description: ${undescribed.join(', ')}`],
    [taken.length > 0, `options whose names the pipeline file uses itself: ${taken.join(', ')}`],
    [shorthand !== undefined && !names.includes(shorthand), `its shorthand '${shorthand}' is not one of its options`],
  ];
  return said.filter(([wrong]) => wrong).map(([, rule]) => `${file.path}: ${rule}`);
}
