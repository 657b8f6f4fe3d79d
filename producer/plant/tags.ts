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
  FIT101: [0, 8.041, 0, 9.2849],
  LIT101: [500.69, 848, 426.63, 894.81],
  AIT201: [255.22, 256.28, 254.31, 257.14],
  AIT202: [6.992, 7.026, 6.9699, 7.0591],
  AIT203: [433.14, 435.64, 430.56, 437.46],
  FIT201: [0, 6.012, 0, 6.8144],
  DPIT301: [0, 22.36, 0, 26.353],
  FIT301: [0, 4.74, 0, 5.3798],
  LIT301: [753.36, 1015, 705.63, 1049.5],
  AIT401: [147.89, 148.72, 147.1, 149.6],
  AIT402: [168.54, 170.47, 166.8, 172.51],
  FIT401: [1.618, 1.702, 1.5899, 1.7301],
  LIT401: [788.49, 988.96, 705.23, 1028.5],
  AIT501: [7.308, 7.332, 7.2841, 7.3559],
  AIT502: [190.56, 192.49, 188.64, 194.68],
  AIT503: [263.15, 264.28, 262.09, 265.37],
  AIT504: [12.53, 12.79, 12.279, 13.051],
  FIT501: [1.618, 1.702, 1.5889, 1.7321],
  FIT502: [1.217, 1.28, 1.1924, 1.3036],
  FIT503: [0.704, 0.741, 0.68956, 0.75544],
  FIT504: [0.303, 0.318, 0.2972, 0.3238],
  PIT501: [251.59, 268.04, 244.93, 275.08],
  PIT502: [1.367, 1.43, 1.3224, 1.4746],
  PIT503: [175.96, 185.6, 170.32, 191.42],
  FIT601: [0, 1.458, 0, 1.99],
};

/**
 * The range of a continuous tag in normal operation, in the unit of the tag; undefined for valves, pumps and the lamp.
 * Sizes of attacks are told in lengths of it, from the 5th to the 95th percentile.
 */
export function normalRange(tag: PlantTag): NormalRange | undefined {
  const range = ranges[tag];
  return range && { low: range[0], high: range[1], least: range[2], most: range[3] };
}
