import type { Tag } from '../../core/schema.ts';

/** Six stages; the first digit of a tag's number is its stage. Goh et al. 2016, doi:10.1007/978-3-319-71368-7_8, table of sensors and actuators. */
const tagPattern = /^(DPIT|FIT|LIT|AIT|PIT|MV|UV|P)([1-6])\d{2}$/;

const units: Record<string, string> = { FIT: 'm3/h', LIT: 'mm', DPIT: 'kPa', PIT: 'kPa' };

const analysers: Record<string, [unit: string, quantity: string]> = {
  AIT201: ['uS/cm', 'conductivity'],
  AIT202: ['pH', 'acidity'],
  AIT203: ['mV', 'oxidation-reduction potential'],
  AIT401: ['ppm', 'hardness'],
  AIT402: ['mV', 'oxidation-reduction potential'],
  AIT501: ['pH', 'acidity'],
  AIT502: ['mV', 'oxidation-reduction potential'],
  AIT503: ['uS/cm', 'conductivity'],
  AIT504: ['uS/cm', 'conductivity'],
};

/**
 * What a SWaT tag name says: valves, pumps and lamps are discrete, the rest continuous with its unit. Undefined for
 * other names.
 * @example
 * swatTag('MV101'); // { name: "MV101", kind: "discrete", stage: "P1" }
 * swatTag('FIT201')?.unit; // "m3/h"
 */
export function swatTag(name: string): Tag | undefined {
  const match = tagPattern.exec(name);
  if (!match) return undefined;
  const [, prefix, digit] = match;
  const stage = `P${digit}`;
  if (prefix === 'MV' || prefix === 'P' || prefix === 'UV') return { name, kind: 'discrete', stage };
  const analyser = analysers[name];
  if (analyser) return { name, description: analyser[1], kind: 'continuous', unit: analyser[0], stage };
  return { name, kind: 'continuous', stage, ...(units[prefix] ? { unit: units[prefix] } : {}) };
}

/**
 * Do the names come from SWaT? Four in five must fit, and one must be a sensor: a plain `P101` elsewhere is as often a
 * pressure as a pump.
 */
export function isSwat(names: readonly string[]): boolean {
  const tags = names.map(swatTag).filter((tag) => tag !== undefined);
  return tags.length > 0 && tags.length >= names.length * 0.8 && tags.some((tag) => tag.kind === 'continuous');
}

/**
 * The tag inside a historian's path: `SWAT_SUTD:RSLinx Enterprise:P1.HMI_FIT101.Pv` -> `FIT101`.
 * Undefined when the text is not a path to a SWaT tag.
 */
export function tagInPath(path: string): string | undefined {
  const match = /(?:^|[^A-Za-z0-9])((?:DPIT|FIT|LIT|AIT|PIT|MV|UV|P)[1-6]\d{2})(?:\.[A-Za-z]\w*)?$/.exec(path);
  return match?.[1];
}
