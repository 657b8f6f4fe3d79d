import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type ComponentDefinition, defineDetector, defineSource, defineStep } from '../../core/component.ts';
import { duration } from '../../core/config/duration.ts';
import { componentPage, describeType, example } from './component-page.ts';
import { requireSound, rulesBrokenBy } from './declaration-rules.ts';
import { commandsFile, registryFile } from './registry-file.ts';
import { scanCommands, scanComponents } from './scan.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-scan-'));
afterAll(() => rmSync(folder, { recursive: true }));

const apply = (): void => {};
const fit = (_rows: unknown, columns: readonly never[]) => ({ model: {}, columns });
const step = defineStep({
  type: 'hold-still',
  summary: 'Holds | still.',
  fails: 'Always.',
  source: 'Nobody 1900',
  shorthand: 'time',
  options: z.strictObject({ time: duration().prefault('30s').describe('How long.'), to: z.enum(['a', 'b']).optional().describe('Where to.') }),
  fit,
  apply,
});
const place = { kind: 'step', type: 'hold-still', path: 'processor/preprocess/hold-still.ts' } as const;

test('components are found by folder and file, commands by what they export', () => {
  const files: Record<string, string> = {
    'processor/detectors/b.ts': 'export default defineDetector({})',
    'processor/detectors/a-b.ts': 'export const x = 1;\nexport default defineDetector({})',
    'processor/detectors/a-b.test.ts': 'export default 1',
    'processor/detectors/part.ts': 'export const part = 1;',
    'connectors/kafka/bus.ts': 'export default defineBus({})',
    'connectors/kafka/client.ts': 'export default 1',
    'connectors/terminal/output.ts': 'export default defineOutput({})',
    'cli/commands/zap.ts': 'export function register() {}',
    'cli/commands/run.ts': 'export async function register() {}',
    'cli/commands/part.ts': 'export const part = 1;',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  expect(scanComponents(folder)).toEqual([
    { kind: 'detector', type: 'a-b', path: 'processor/detectors/a-b.ts' },
    { kind: 'detector', type: 'b', path: 'processor/detectors/b.ts' },
    { kind: 'output', type: 'terminal', path: 'connectors/terminal/output.ts' },
    { kind: 'bus', type: 'kafka', path: 'connectors/kafka/bus.ts' },
  ]);
  expect(scanCommands(folder)).toEqual(['run', 'zap']);
});

test('the registry names every kind, and loads a component only when asked', () => {
  const text = registryFile([place, { kind: 'bus', type: 'kafka', path: 'connectors/kafka/bus.ts' }]);
  expect(text).toContain("  step: {\n    'hold-still': () => import('../processor/preprocess/hold-still.ts'),\n  },\n");
  expect(text).toContain("  bus: {\n    kafka: () => import('../connectors/kafka/bus.ts'),\n  },\n");
  expect(text).toContain('  source: {},\n');
  expect(commandsFile(['run', 'dead-letters'])).toContain('= [runCommand, deadLettersCommand];');
});

test('a page holds what the declaration says', () => {
  const page = componentPage({ definition: step as ComponentDefinition, file: place });
  expect(page).toMatch(/^# hold-still\n\nPreprocess steps · Holds \| still\.\n/);
  expect(page).toContain('```yaml\nviews:\n  plain: [{ hold-still: 30s }]\n```');
  expect(page).toContain('| `time` | span of time, e.g. `30s` | `30s` | How long. |');
  expect(page).toContain('| `to` | `a`, `b` |  | Where to. |');
  expect(page).toContain('`time` may be given as the whole value: `hold-still: 30s`.');
  expect(page).toContain('## When it fails\n\nAlways.\n');
  expect(page).toContain('## Where it comes from\n\nNobody 1900\n');
  expect(page).not.toContain('## Cost');
  expect(page).toMatch(/\[processor\/preprocess\/hold-still\.ts\]\(\.\.\/\.\.\/\.\.\/processor\/preprocess\/hold-still\.ts\)\.\n$/);
});

test('an example gives a value to what must be given', () => {
  const source = defineSource({
    type: 'tape',
    summary: 'A tape.',
    options: z.strictObject({ path: z.string().describe('x'), speed: z.number().gt(0).describe('x') }),
    create: () => ({}) as never,
  });
  expect(example(source)).toBe('source: { type: tape, path: data/plant.tape, speed: 0.5 }\n');
});

test.each([
  [z.int().min(1).max(9), 'whole number, 1 to 9'],
  [z.number().gt(0).lt(1), 'number, above 0, below 1'],
  [z.int(), 'whole number'],
  [z.number().min(3), 'number, at least 3'],
  [z.string(), 'text'],
  [z.boolean(), 'true or false'],
  [z.array(z.string()), 'list of text'],
  [z.record(z.string(), z.number()), 'names with number'],
  [z.union([z.literal('auto'), z.int()]), '`auto` or whole number'],
  [duration(), 'span of time, e.g. `30s`'],
  [z.unknown(), 'any'],
])('type %#: %s', (schema, text) => {
  const { properties } = z.toJSONSchema(z.object({ x: schema }), { io: 'input' });
  expect(describeType(properties?.x as never)).toBe(text);
});

test('a sound declaration breaks no rule', () => {
  expect(rulesBrokenBy({ definition: step as ComponentDefinition, file: place })).toEqual([]);
  expect(() => requireSound([{ definition: step as ComponentDefinition, file: place }])).not.toThrow();
});

const rest = { fails: 'x', cost: 'x', source: 'x', finds: [], attribution: 'x', fit: () => ({}), explain: apply };

test.each([
  [{ ...step, type: 'other' }, place, "its type 'other' differs from its name 'hold-still'"],
  [{ ...step, type: 'Hold_Still' }, { ...place, type: 'Hold_Still' }, 'is not kebab-case'],
  [{ ...step, summary: 'two lines\nof it' }, place, 'not one sentence'],
  [{ ...step, options: z.object({ time: z.string().describe('x') }) }, place, 'not a strict object'],
  [{ ...step, options: z.strictObject({ time: z.string() }) }, place, 'options without a description: time'],
  [{ ...step, shorthand: 'tame' }, place, "its shorthand 'tame' is not one of its options"],
  [step, { ...place, kind: 'detector' as const }, 'is a step in the place of a detector'],
  [
    defineDetector({ type: 'd', summary: 'D.', ...rest, options: z.strictObject({ view: z.string().describe('x'), type: z.string().describe('x') }) }),
    { kind: 'detector' as const, type: 'd', path: 'd.ts' },
    'options whose names the pipeline file uses itself: view, type',
  ],
])('rule %#', (definition, file, rule) => {
  const broken = rulesBrokenBy({ definition: definition as ComponentDefinition, file });
  expect(broken).toHaveLength(1);
  expect(broken[0]).toContain(rule);
  expect(() => requireSound([{ definition: definition as ComponentDefinition, file }])).toThrow(rule);
});
