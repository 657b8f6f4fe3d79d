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
  FIT101: [0, 8.043, 0, 10.34],
  LIT101: [502.91, 834.66, 394.62, 922],
  AIT201: [255.23, 256.29, 254.04, 257.29],
  AIT202: [6.992, 7.026, 6.9655, 7.0575],
  AIT203: [433.13, 435.64, 430.35, 437.94],
  FIT201: [0, 6.011, 0, 7.6057],
  DPIT301: [0, 22.15, 0, 28.968],
  FIT301: [0, 4.749, 0, 6.0082],
  LIT301: [771.82, 1015.1, 695.59, 1079.5],
  AIT401: [147.89, 148.72, 146.97, 149.69],
  AIT402: [168.55, 170.47, 166.47, 172.76],
  FIT401: [1.618, 1.702, 1.579, 1.741],
  LIT401: [793.13, 989.39, 687.6, 1054.1],
  AIT501: [7.308, 7.332, 7.282, 7.358],
  AIT502: [190.57, 192.49, 188.4, 194.96],
  AIT503: [263.16, 264.28, 261.92, 265.59],
  AIT504: [12.53, 12.79, 12.245, 13.085],
  FIT501: [1.618, 1.702, 1.578, 1.743],
  FIT502: [1.217, 1.28, 1.1833, 1.3117],
  FIT503: [0.704, 0.741, 0.68475, 0.76025],
  FIT504: [0.303, 0.318, 0.29525, 0.32575],
  PIT501: [251.62, 268.05, 242.79, 277.22],
  PIT502: [1.368, 1.429, 1.3148, 1.4823],
  PIT503: [176, 185.62, 169.07, 192.66],
  FIT601: [0, 1.734, 0, 2.2535],
};

/**
 * The range of a continuous tag in normal operation, in the unit of the tag; undefined for valves, pumps and the lamp.
 * Sizes of attacks are told in lengths of it, from the 5th to the 95th percentile.
 */
export function normalRange(tag: PlantTag): NormalRange | undefined {
  const range = ranges[tag];
  return range && { low: range[0], high: range[1], least: range[2], most: range[3] };
}
