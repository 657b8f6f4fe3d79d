// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of pipeline files
import { expect, test } from 'vitest';
import { SluiceError } from '../errors.ts';
import { ConfigDocument } from './document.ts';

const plain = (text: string, sets: readonly string[] = [], environment: Record<string, string> = {}) => {
  const document = new ConfigDocument(text);
  for (const expression of sets) document.set(expression);
  return { value: document.mistakes.length > 0 ? undefined : document.plain(environment), mistakes: document.mistakes, document };
};

test('YAML and JSON become the same plain values', () => {
  const yaml = 'a: 1\nb: [x, { c: true }]\nd:\n';
  const json = '{\n\t"a": 1,\n\t"b": ["x", {"c": true}],\n\t"d": null\n}';
  expect(plain(yaml).value).toEqual({ a: 1, b: ['x', { c: true }], d: undefined });
  expect(plain(json).value).toEqual(plain(yaml).value);
});

test('the place of a value, of a key, and of what is missing', () => {
  const { document } = plain('a: 1\nb:\n  - x\n  - { c: true }\n');
  expect(document.place(['a'])).toBe('1:4');
  expect(document.place(['a'], 'key')).toBe('1:1');
  expect(document.place(['b', 1, 'c'])).toBe('4:10');
  expect(document.place(['b', 1, 'c'], 'key')).toBe('4:7');
  expect(document.place(['b', 1, 'missing'])).toBe('4:5');
  expect(document.place(['nowhere', 'at', 'all'])).toBe('1:1');
});

test('an alias is followed; one that would explode is refused', () => {
  expect(plain('a: &x { b: 1 }\nc: *x\n').value).toEqual({ a: { b: 1 }, c: { b: 1 } });
  const bomb = ['a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]', ...Array.from({ length: 7 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}*a${i}]`)].join(
    '\n',
  );
  const { document } = plain(bomb);
  expect(document.mistakes).toHaveLength(1);
  expect(document.mistakes[0].message).toContain('more than 100000 values');
});

test('only the first slip of syntax is told, with its place, and every key that comes twice', () => {
  const { mistakes } = plain('a: 1\na: 2\nb: [1, 2\nc: }\nd: ]\n');
  expect(mistakes.map(({ place, message }) => [place, message.split(':')[0]])).toEqual([
    ['2:1', 'this key comes twice'],
    ['4:1', 'not YAML or JSON'],
  ]);
});

test.each([
  ['', 'the file is empty'],
  ['# only a comment\n', 'the file is empty'],
  ['- a\n- b\n', 'expected keys with values at the top'],
  ['just text', 'expected keys with values at the top'],
])('%j is no pipeline', (text, message) => {
  expect(plain(text).mistakes[0].message).toContain(message);
});

test('an alias without its anchor is a mistake', () => {
  const { document } = plain('a: [*.csv]\n');
  expect(document.mistakes).toEqual([{ path: 'a.0', place: '1:5', message: "there is no anchor '.csv'; put text that begins with * in quotes" }]);
});

test('a key that would reach into objects themselves is refused', () => {
  const { document } = plain('__proto__: { polluted: true }\n[1, 2]: x\n');
  expect(document.mistakes.map(({ message }) => message)).toEqual(["expected names as keys, got '__proto__'", "expected names as keys, got '[1,2]'"]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('environment variables are filled in wherever text stands, in braces and quotes alike', () => {
  const environment = { PLANT: 'north', EMPTY: '' };
  expect(plain('a: ${PLANT}/x\n', [], environment).value).toEqual({ a: 'north/x' });
  expect(plain('a: { b: ${PLANT}, c: "${PLANT}" }\n', [], environment).value).toEqual({ a: { b: 'north', c: 'north' } });
  expect(plain('{"a": "${PLANT}"}', [], environment).value).toEqual({ a: 'north' });
  expect(plain('a: [${NONE:-x, [y]: #z}, 2]\n', [], environment).value).toEqual({ a: ['x, [y]: #z', 2] });
  expect(plain('a: ${EMPTY:-fallback}${NONE:-}\nb: "${EMPTY}"\n', [], environment).value).toEqual({ a: 'fallback', b: '' });
  expect(plain('a: $${PLANT} costs $5 {x}\n', [], environment).value).toEqual({ a: '${PLANT} costs $5 {x}' });
  expect(plain('# ${NOT_SET}\na: 1\n', [], environment).value).toEqual({ a: 1 });
});

test.each([
  ['a: ${PLNAT}', "the environment variable 'PLNAT' is not set (did you mean 'PLANT'?); set it or write ${PLNAT:-default}"],
  ['a: ${1x}', "'${1x}' does not name an environment variable; write ${NAME} or ${NAME:-default}"],
  ['a: ${}', "'${}' does not name an environment variable; write ${NAME} or ${NAME:-default}"],
  ['a: "${PLANT"', "'}' is missing after '${' in '${PLANT'; write '$${' for the characters themselves"],
])('%s is a mistake with its place', (text, message) => {
  const { document } = plain(text, [], { PLANT: 'north' });
  expect(document.mistakes).toEqual([{ path: 'a', place: '1:4', message }]);
});

test('--set changes, adds and takes away; later ones win', () => {
  const text = 'a: 1\nlist: [x, y]\nbus: memory\nswitch: false\n';
  expect(plain(text, ['a=2', 'a=3']).value?.a).toBe(3);
  expect(plain(text, ['b.c.d=deep']).value?.b).toEqual({ c: { d: 'deep' } });
  expect(plain(text, ['list.1=z', 'list.2={k: v}']).value?.list).toEqual(['x', 'z', { k: 'v' }]);
  expect(plain(text, ['new.0.type=terminal']).value?.new).toEqual([{ type: 'terminal' }]);
  expect(plain(text, ['bus.partitions=4']).value?.bus).toEqual({ type: 'memory', partitions: 4 });
  expect(plain(text, ['switch.port=1']).value?.switch).toEqual({ port: 1 });
  expect(plain(text, ['a=']).value).toEqual({ a: undefined, list: ['x', 'y'], bus: 'memory', switch: false });
});

test('--set reads its value as YAML, and double quotes hold a part of the path together', () => {
  expect(plain('a: 1', ['a=007']).value?.a).toBe(7);
  expect(plain('a: 1', ['a="007"']).value?.a).toBe('007');
  expect(plain('a: 1', ['a=[1, b, true]']).value?.a).toEqual([1, 'b', true]);
  expect(plain('a: 1', ['a=x=y']).value?.a).toBe('x=y');
  expect(plain('a: 1', ['a=${HOME_OF}/x'], { HOME_OF: '/plant' }).value?.a).toBe('/plant/x');
  expect(plain('a: 1', ['"b.c"."d=e"=1', '"q\\"q"=2']).value).toEqual({ a: 1, 'b.c': { 'd=e': 1 }, 'q"q': 2 });
});

test('--set into an alias changes that place alone', () => {
  expect(plain('a: &x { k: 1 }\nb: *x\n', ['b.k=2']).value).toEqual({ a: { k: 1 }, b: { k: 2 } });
});

test.each([
  ['a.b=1', "'a' is 1, which has nothing inside to set"],
  ['list.x=1', "'list' is a list: expected a position from 0 to 2, got 'x'"],
  ['list.7=1', "'list' has 2 entries: expected a position from 0 to 2, got 7"],
  ['a=*x', "cannot read the value '*x' as YAML"],
])('--set %s is a mistake', (expression, message) => {
  const { mistakes } = plain('a: 1\nlist: [x, y]\n', [expression]);
  expect(mistakes).toHaveLength(1);
  expect(mistakes[0].place).toBe(`--set ${expression}`);
  expect(mistakes[0].message).toContain(message);
});

test.each(['source', '', '=1', 'a..b=1', '.a=1', 'a.=1', '"a=1', 'a b=1'])('--set %j is a usage error', (expression) => {
  const document = new ConfigDocument('a: 1');
  expect(() => document.set(expression)).toThrow(SluiceError);
  expect(() => document.set(expression)).toThrow(/cannot read --set .*Write a path, an equals sign and a value/);
});

test('the place of what --set brought is the --set, also for what lies inside or is missing beside it', () => {
  const { document } = plain('a: { b: 1 }\n', ['a.b=2', 'c.d.e=3']);
  expect(document.place(['a', 'b'])).toBe('--set a.b=2');
  expect(document.place(['a'])).toBe('1:4');
  expect(document.place(['c', 'd', 'e', 'f'])).toBe('--set c.d.e=3');
  expect(document.place(['c', 'x'])).toBe('--set c.d.e=3');
});
