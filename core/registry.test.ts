import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineStep, defineThreshold } from './component.ts';
import { type ComponentIndex, makeRegistry } from './registry.ts';

const step = (type: string, summary = type) =>
  defineStep({ type, summary, options: z.strictObject({}), fit: (_rows, columns) => ({ model: null, columns }), apply: () => undefined });
const fixed = defineThreshold({ type: 'fixed', summary: 'A level.', options: z.strictObject({}), fit: () => ({ level: 1, method: 'fixed' }) });

const loaded: string[] = [];
const lazily = (definition: ReturnType<typeof step> | typeof fixed) => async () => {
  loaded.push(definition.type);
  return { default: definition };
};
const none = { source: {}, detector: {}, combiner: {}, output: {}, bus: {}, store: {} };
const index: ComponentIndex = { ...none, step: { smooth: lazily(step('smooth')), clean: lazily(step('clean')) }, threshold: { fixed: lazily(fixed) } };

describe('makeRegistry', () => {
  it('loads a component when it is named, and no other', async () => {
    const registry = makeRegistry(index);
    loaded.length = 0;
    expect((await registry.load('step', 'clean')).summary).toBe('clean');
    expect(loaded).toEqual(['clean']);
  });

  it('lists types per kind in order', () => {
    const registry = makeRegistry(index, [step('outlier')]);
    expect(registry.types('step')).toEqual(['clean', 'outlier', 'smooth']);
    expect(registry.types('source')).toEqual([]);
  });

  it("prefers the user's own, of the same kind only", async () => {
    const own = step('clean', 'my own');
    const registry = makeRegistry(index, [own, step('fixed')]);
    expect(await registry.load('step', 'clean')).toBe(own);
    expect((await registry.load('threshold', 'fixed')).kind).toBe('threshold');
    expect(registry.types('step')).toEqual(['clean', 'fixed', 'smooth']);
    expect((await registry.all()).map(({ kind, summary }) => `${kind} ${summary}`).sort()).toEqual([
      'step fixed',
      'step my own',
      'step smooth',
      'threshold A level.',
    ]);
  });

  it.each([
    ['step', 'smoth', "there is no step 'smoth'. Did you mean 'smooth'?"],
    ['step', 'fixed', "there is no step 'fixed'. Known: clean, smooth."],
    ['threshold', 'constructor', "there is no threshold 'constructor'. Known: fixed."],
  ] as const)('refuses an unknown type and names the nearest: %s %s', async (kind, type, message) => {
    await expect(makeRegistry(index).load(kind, type)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message });
  });
});
