import { describe, expect, it } from 'vitest';
import { formatPace, parsePace } from './pace.ts';

describe('parsePace', () => {
  it.each([
    ['max', { kind: 'max' }],
    ['60x', { kind: 'own', speed: 60 }],
    ['0.5x', { kind: 'own', speed: 0.5 }],
    [' 100/s ', { kind: 'rate', perSecond: 100 }],
    ['2.5 /s', { kind: 'rate', perSecond: 2.5 }],
  ])('reads %s', (text, pace) => {
    expect(parsePace(text)).toEqual(pace);
    expect(parsePace(formatPace(parsePace(text)))).toEqual(pace);
  });

  it.each(['', '60', '0x', '-1x', 'x60', '100/m', 'fast', '1e3x', 'Infinityx', `${'9'.repeat(400)}x`])('refuses %s, quoting it', (text) => {
    expect(() => parsePace(text)).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining("'60x'") }));
  });
});
