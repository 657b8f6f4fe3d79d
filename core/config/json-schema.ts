import { z } from 'zod';
import type { ComponentDefinition, ComponentKind } from '../component.ts';
import { detectorKeys, frame, requiredSlots, type Slot, sourceKeys, thresholdKeys } from './frame.ts';

export type JsonSchema = { [key: string]: unknown };

/**
 * The JSON Schema of pipeline files for editors: the frame with, in each slot, every known component in every form that
 * it may be written in.
 */
export function pipelineJsonSchema(components: readonly ComponentDefinition[]): JsonSchema {
  const of = <K extends ComponentKind>(kind: K) =>
    components.filter((component): component is Extract<ComponentDefinition, { kind: K }> => component.kind === kind);
  const typed = (kind: ComponentKind, beside: JsonSchema = {}): JsonSchema => ({
    anyOf: [bareNames(of(kind)), ...of(kind).flatMap((component) => [typedForm(component, beside), keyedForm(component, beside)])],
  });
  const slots: Record<Slot, JsonSchema> = {
    source: typed('source', propertiesOf(sourceKeys)),
    bus: typed('bus'),
    store: typed('store'),
    output: typed('output'),
    detector: {
      anyOf: [
        bareNames(of('detector')),
        ...of('detector').map((component) => typedForm(component, propertiesOf(detectorKeys))),
        { type: ['object', 'null'], not: { required: ['type'] }, description: 'A detector whose type is its name.' },
      ],
    },
    threshold: typed('threshold'),
    step: {
      anyOf: [
        { type: 'string', description: 'The name of a step, or, first in the list, of another view.' },
        ...of('step').flatMap((component) => [keyedForm(component, {}), typedForm(component, {})]),
      ],
    },
    combiner: {},
    combination: {
      type: 'object',
      properties: {
        ...Object.fromEntries(of('combiner').map((component) => [component.type, combinerForm(component)])),
        threshold: fillSlots(toJsonSchema(thresholdKeys)),
      },
      additionalProperties: false,
    },
  };
  const { combiner: _, ...definitions } = slots;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Sluice pipeline',
    ...(fillSlots(toJsonSchema(frame)) as JsonSchema),
    required: [...(toJsonSchema(frame).required as string[]), ...requiredSlots],
    definitions: Object.fromEntries(Object.entries(definitions).map(([kind, schema]) => [kind, fillSlots(schema)])),
  };
}

/** A schema as it is written in a file: before defaults and conversions. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, '~standard': __, ...json } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as JsonSchema;
  return json;
}

/** Every `slot` becomes a reference to its definition. */
function fillSlots(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fillSlots);
  if (typeof value !== 'object' || value === null) return value;
  const { slot, ...rest } = value as JsonSchema;
  const filled = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, fillSlots(inner)]));
  // Beside a $ref, draft 7 ignores every other key.
  return typeof slot === 'string' ? { ...filled, allOf: [{ $ref: `#/definitions/${slot}` }] } : filled;
}

function propertiesOf(schema: z.ZodObject): JsonSchema {
  return toJsonSchema(schema).properties as JsonSchema;
}

function bareNames(components: readonly ComponentDefinition[]): JsonSchema {
  return components.length === 0 ? { not: {} } : { enum: components.map(({ type }) => type) };
}

function optionsOf({ kind, options }: ComponentDefinition): { properties: JsonSchema; required: readonly string[] } {
  const { properties = {}, required = [] } = toJsonSchema(options) as { properties?: JsonSchema; required?: string[] };
  // A store's path follows from the stream when it is not given.
  return { properties, required: kind === 'store' ? required.filter((name) => name !== 'path') : required };
}

/** `{ type: csv, path: plant.csv }` */
function typedForm(component: ComponentDefinition, beside: JsonSchema): JsonSchema {
  const { type, summary } = component;
  const { properties, required } = optionsOf(component);
  return {
    type: 'object',
    description: summary,
    properties: { type: { const: type, description: summary }, ...beside, ...properties },
    required: ['type', ...required],
    additionalProperties: false,
  };
}

/** The options as a value, also by the shorthand. */
function valueForm(component: ComponentDefinition, beside: JsonSchema = {}, needed: readonly string[] = []): JsonSchema {
  const { shorthand } = component;
  const { properties, required: own } = optionsOf(component);
  const required = [...needed, ...own];
  const keys = {
    type: required.length === 0 && needed.length === 0 ? ['object', 'null'] : 'object',
    properties: { ...beside, ...properties },
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  return shorthand === undefined ? keys : { anyOf: [properties[shorthand], keys] };
}

/** `{ impute: { hold: 30s } }` and `{ impute: 30s }` */
function keyedForm(component: ComponentDefinition, beside: JsonSchema): JsonSchema {
  return {
    type: 'object',
    description: component.summary,
    properties: { [component.type]: { description: component.summary, ...valueForm(component, beside) } },
    required: [component.type],
    additionalProperties: false,
  };
}

/** `any: [a, b]` and `fuse: { of: [a, b], smooth: 10 }` */
function combinerForm(component: ComponentDefinition): JsonSchema {
  const of = { type: 'array', items: { type: 'string' }, minItems: 1, description: 'The detectors that are combined.' };
  return { description: component.summary, anyOf: [of, valueForm({ ...component, shorthand: undefined } as never, { of }, ['of'])] };
}
