import { makeSchema, type Tag } from '../../core/schema.ts';
import { swatTag } from '../decode/swat-tags.ts';

/** SWaT's six stages with their tags, in the order of its workbooks. */
export const plantStages = {
  P1: ['FIT101', 'LIT101', 'MV101', 'P101', 'P102'],
  P2: ['AIT201', 'AIT202', 'AIT203', 'FIT201', 'MV201', 'P201', 'P202', 'P203', 'P204', 'P205', 'P206'],
  P3: ['DPIT301', 'FIT301', 'LIT301', 'MV301', 'MV302', 'MV303', 'MV304', 'P301', 'P302'],
  P4: ['AIT401', 'AIT402', 'FIT401', 'LIT401', 'P401', 'P402', 'P403', 'P404', 'UV401'],
  P5: ['AIT501', 'AIT502', 'AIT503', 'AIT504', 'FIT501', 'FIT502', 'FIT503', 'FIT504', 'P501', 'P502', 'PIT501', 'PIT502', 'PIT503'],
  P6: ['FIT601', 'P601', 'P602', 'P603'],
} as const;

export type PlantTag = (typeof plantStages)[keyof typeof plantStages][number];

export const plantTags: readonly PlantTag[] = Object.values(plantStages).flat();

export const plantSchema = makeSchema(plantTags.map((name) => swatTag(name) as Tag));

/** Where each tag stands in a row. */
export const at = Object.fromEntries(plantTags.map((tag, i) => [tag, i])) as Record<PlantTag, number>;

/** Pumps in reserve: wired to the controllers, their hand valves shut. */
export const spareTags: readonly PlantTag[] = ['P102', 'P202', 'P204', 'P206', 'P302', 'P402', 'P403', 'P404', 'P502', 'P601', 'P603'];

/** A continuous tag in normal operation: its 5th and 95th percentile, and what it never leaves. */
export interface NormalRange {
  readonly low: number;
  readonly high: number;
  readonly least: number;
  readonly most: number;
}

const ranges: Partial<Record<PlantTag, readonly [low: number, high: number, least: number, most: number]>> = {
  FIT101: [0, 4.554, 0, 4.987],
  LIT101: [503.4, 810.8, 473.6, 833.2],
  AIT201: [250.4, 261.6, 248.3, 263.6],
  AIT202: [6.95, 7.071, 6.908, 7.121],
  AIT203: [420.9, 449.1, 415.6, 454.1],
  FIT201: [0, 3.016, 0, 3.238],
  DPIT301: [0, 19.4, 0, 21.7],
  FIT301: [0, 2.783, 0, 2.997],
  LIT301: [783.3, 1003.8, 763.4, 1020.6],
  AIT401: [147.6, 149.1, 146.4, 150.4],
  AIT402: [169.5, 172.4, 166.7, 175.7],
  FIT401: [1.615, 1.705, 1.589, 1.731],
  LIT401: [755.9, 986, 641.2, 1022.5],
  AIT501: [7.305, 7.338, 7.272, 7.371],
  AIT502: [190.5, 193.5, 187.5, 196.4],
  AIT503: [262.4, 264.9, 259.7, 267.8],
  AIT504: [12.5, 12.8, 12.1, 13.2],
  FIT501: [1.615, 1.705, 1.592, 1.729],
  FIT502: [1.214, 1.283, 1.188, 1.306],
  FIT503: [0.701, 0.742, 0.684, 0.758],
  FIT504: [0.302, 0.319, 0.298, 0.323],
  PIT501: [249.8, 269.4, 241, 275.9],
  PIT502: [1.364, 1.432, 1.317, 1.477],
  PIT503: [174.4, 186.7, 166.1, 192.7],
  FIT601: [0, 1.794, 0, 1.93],
};

/**
 * The range of a continuous tag in normal operation, in the unit of the tag; undefined for valves, pumps and the lamp.
 * Sizes of attacks are told in lengths of it, from the 5th to the 95th percentile.
 */
export function normalRange(tag: PlantTag): NormalRange | undefined {
  const range = ranges[tag];
  return range && { low: range[0], high: range[1], least: range[2], most: range[3] };
}
