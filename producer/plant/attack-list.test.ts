import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { kindOf } from './attack.ts';
import { parseAttacks, readAttacks } from './attack-list.ts';
import { normalRange } from './tags.ts';

const one = (text: string) => parseAttacks(`attacks: [{ start: 10m, length: 2m, ${text} }]`, 'attacks.yaml')[0];

describe('a list of attacks', () => {
  it('is read from the example of the documentation', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/simulator.md'), 'utf8');
    const example = /```yaml\n(attacks:[\s\S]*?)```/.exec(page)?.[1] ?? expect.fail('no example');
    const attacks = parseAttacks(example, 'attacks.yaml');
    expect(attacks.map(kindOf)).toEqual(['ramp', 'constant', 'several', 'spare']);
    expect(attacks.map(({ start }) => start)).toEqual([5400, 7200, 9000, 10_800]);
  });

  it('comes in order of time, with defaults', () => {
    const attacks = parseAttacks(
      JSON.stringify({
        attacks: [
          { start: '2h', length: '5m', tag: 'P301', kind: 'force', to: 'off' },
          { start: '1h', length: '90s', tag: 'LIT101', kind: 'ramp', size: -0.5, stealthy: true, effect: 'T101 overfills.' },
        ],
      }),
      'attacks.json',
    );
    expect(attacks).toEqual([
      { start: 3600, length: 90, parts: [{ tag: 'LIT101', kind: 'ramp', size: -0.5 }], stealthy: true, effect: 'T101 overfills.' },
      { start: 7200, length: 300, parts: [{ tag: 'P301', kind: 'force', to: 1 }], stealthy: false, effect: 'P301 is forced off.' },
    ]);
  });

  it('takes a constant by its value as well as by its size', () => {
    const { low, high } = normalRange('DPIT301') ?? expect.fail();
    const size = one('tag: DPIT301, kind: constant, value: 45').parts[0].size ?? expect.fail();
    expect((low + high) / 2 + size * (high - low)).toBeCloseTo(45, 10);
  });

  it.each([
    ['tag: LIT10, kind: ramp, size: 1', /attack 1, LIT10: there is no tag 'LIT10'; did you mean 'LIT101'\?/],
    ['tag: LIT101, kind: rampp, size: 1', /attack 1, kind: .*'rampp'/],
    ['tag: LIT101, kind: ramp', /kind 'ramp' needs `size`/],
    ['tag: LIT101, kind: ramp, value: 3', /needs `size`.*`value` goes with kind 'constant'/],
    ['tag: LIT101, kind: constant, value: 3, size: 1', /needs `size`, in normal ranges of the tag, or `value`/],
    ['tag: LIT101, kind: frozen, size: 1', /kind 'frozen' has no `size`/],
    ['tag: LIT101, kind: force, to: off', /'force' is for valves, the lamp and pumps that run/],
    ['tag: P102, kind: force, to: on', /a spare pump takes 'spare'/],
    ['tag: P101, kind: force', /needs `to`: on, off, open or closed/],
    ['tag: P101, kind: spare', /for pumps in reserve: P102/],
    ['tag: P101, kind: stuck', /for valves/],
    ['tag: P101, kind: offset, size: 1', /kind 'offset' is for sensors/],
    ['tag: LIT101, kind: frozen, ago: 5m', /`ago` goes with kind 'replay'/],
    ['tag: LIT101, kind: replay, ago: 90m', /no readings that early/],
    ['parts: [{ tag: LIT101, kind: frozen }, { tag: LIT101, kind: ramp, size: 1 }]', /a tag comes twice/],
    ['parts: [{ tag: LIT101, kind: frozen, sise: 1 }]', /part 1: .*sise/],
    ['tag: LIT101, kind: frozen, when: 1', /when/],
  ])('refuses %s', (text, message) => {
    const refused = (): unknown => one(text);
    expect(refused).toThrow(SluiceError);
    expect(refused).toThrow(message);
    expect(refused).toThrow(/\(attacks\.yaml\)/);
  });

  it.each([
    [
      'attacks: [{ start: 1h, length: 10m, tag: P301, kind: force, to: off }, { start: 65m, length: 10m, tag: LIT101, kind: frozen }]',
      /1 h and 1 h 5 min overlap/,
    ],
    ['attacks: [{ start: 10, length: 10m, tag: LIT101, kind: frozen }]', /attack 1, start: expected a span of time/],
    ['attacks: [{ start: 1h, length: 500ms, tag: LIT101, kind: frozen }]', /whole seconds/],
    ['attacks: [', /not YAML or JSON/],
    ['tags: []', /attacks/],
    ['', /the list/],
  ])('refuses %s', (text, message) => {
    expect(() => parseAttacks(text, 'attacks.yaml')).toThrow(message);
  });

  it('says which file it cannot read', async () => {
    await expect(readAttacks('no-such-list.yaml')).rejects.toThrow(/'no-such-list\.yaml'.*'none' or 'random'/);
  });
});
