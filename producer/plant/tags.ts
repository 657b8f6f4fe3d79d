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
  FIT101: [0, 4.552, 0, 5.4694],
  LIT101: [499.08, 823.92, 432.38, 883.33],
  AIT201: [249.89, 261.88, 245.2, 266.02],
  AIT202: [6.949, 7.091, 6.8754, 7.1757],
  AIT203: [419.84, 449.65, 408.75, 459.65],
  FIT201: [0, 3.015, 0, 3.5155],
  DPIT301: [0, 23.93, 0, 29.256],
  FIT301: [0, 2.676, 0, 3.1222],
  LIT301: [730.53, 1014.7, 673.35, 1065.9],
  AIT401: [147.67, 148.91, 145.84, 150.72],
  AIT402: [169.57, 172.48, 165.49, 176.42],
  FIT401: [1.617, 1.703, 1.5768, 1.7432],
  LIT401: [674.83, 984.81, 481.99, 1072.7],
  AIT501: [7.305, 7.339, 7.258, 7.388],
  AIT502: [190.61, 193.58, 186.45, 197.6],
  AIT503: [262.79, 265.02, 259.46, 270.02],
  AIT504: [12.49, 12.85, 11.991, 13.369],
  FIT501: [1.617, 1.703, 1.5755, 1.7445],
  FIT502: [1.215, 1.281, 1.1827, 1.3153],
  FIT503: [0.702, 0.742, 0.6788, 0.7672],
  FIT504: [0.302, 0.318, 0.29555, 0.32545],
  PIT501: [250.5, 269.15, 238.32, 282.41],
  PIT502: [1.366, 1.431, 1.304, 1.495],
  PIT503: [174.84, 186.73, 162.87, 199.04],
  FIT601: [0, 0.56, 0, 2.093],
};

/**
 * The range of a continuous tag in normal operation, in the unit of the tag; undefined for valves, pumps and the lamp.
 * Sizes of attacks are told in lengths of it, from the 5th to the 95th percentile.
 */
export function normalRange(tag: PlantTag): NormalRange | undefined {
  const range = ranges[tag];
  return range && { low: range[0], high: range[1], least: range[2], most: range[3] };
}
