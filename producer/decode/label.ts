import type { Cell } from './cell.ts';

const normal = new Set(['normal', 'no', 'false', 'benign', 'ok', 'none', 'healthy', 'regular', 'noattack', 'n']);
const anomalous = new Set(['attack', 'anomaly', 'anomalous', 'abnormal', 'fault', 'faulty', 'outlier', 'true', 'yes', 'intrusion', 'failure', 'y']);

/** Rows that a file leaves unlabelled: BATADAL writes -999, others -1 or nothing. */
const unlabelled = new Set([-999, -1]);

/**
 * 1 anomalous, 0 normal, -1 unlabelled; undefined when the cell is no label. Spaces inside words are ignored, because
 * SWaT's workbook writes `A ttack`. Numbers above 0 are fault classes: anomalous.
 * @example
 * parseLabel('A ttack'); // 1
 * parseLabel(' Normal'); // 0
 * parseLabel(-999); // -1
 */
export function parseLabel(cell: Cell): number | undefined {
  if (typeof cell === 'number') return labelOfNumber(cell);
  if (typeof cell === 'boolean') return cell ? 1 : 0;
  if (cell === null || cell === undefined) return -1;
  if (typeof cell !== 'string') return undefined;
  const word = cell.replace(/[\s_-]+/g, '').toLowerCase();
  if (word === '') return -1;
  if (normal.has(word)) return 0;
  if (anomalous.has(word) || /^(attack|anomaly|fault)\d+$/.test(word)) return 1;
  const text = cell.trim();
  return /^-?\d+(\.\d*)?$/.test(text) ? labelOfNumber(Number(text)) : undefined;
}

function labelOfNumber(value: number): number | undefined {
  if (value === 0) return 0;
  if (unlabelled.has(value) || Number.isNaN(value)) return -1;
  return value > 0 && Number.isInteger(value) ? 1 : undefined;
}
