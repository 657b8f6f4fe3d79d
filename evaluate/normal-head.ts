import type { Source } from '../core/component.ts';

/** What counts as a row's label: 1 anomalous, 0 normal, -1 unknown. */
export type LabelOf = (origin: number, label: number) => number;

/** The rows at the beginning of a file that can be taken for normal. */
export interface NormalHead {
  /** How many: those before the first labelled anomaly, at most half of all. */
  readonly rows: number;
  /** Data rows of the file (0-based) of the first and last of them; -1 where there is none. */
  readonly firstRow: number;
  readonly lastRow: number;
  /** Rows before the first labelled anomaly, and its data row; undefined where no row is labelled anomalous. */
  readonly before: number;
  readonly firstAnomaly: number | undefined;
  /** Rows of the file; where there is an anomaly, twice those before it are as many as were counted. */
  readonly all: number;
}

/**
 * Looks through an opened file for its normal head. Rows are counted as a pipeline takes them: neither those that cannot be read nor
 * those that come too late. Only half of the rows can train, so that as many are left to judge; reading ends where that is sure.
 */
export async function findNormalHead(source: Pick<Source, 'read'>, stream: string, labelOf: LabelOf, onLooking?: () => void): Promise<NormalHead> {
  let all = 0;
  let before = 0;
  let firstAnomaly: number | undefined;
  // Data rows run ahead of the rows taken by those that could not be: where they do by more than before.
  const ahead: { readonly taken: number; readonly by: number }[] = [];
  for await (const { batches } of source.read(0)) {
    for (const { stream: own, rows, origins, labels, seqs } of batches) {
      if (own !== stream) continue;
      for (let row = 0; row < rows; row++) {
        if (seqs[row] < 0) continue;
        if (firstAnomaly === undefined && labelOf(origins[row], labels?.[row] ?? -1) === 1) firstAnomaly = origins[row];
        if (firstAnomaly === undefined) before++;
        const by = origins[row] - all;
        if (by !== ahead.at(-1)?.by) ahead.push({ taken: all, by });
        all++;
      }
    }
    onLooking?.();
    if (firstAnomaly !== undefined && all >= 2 * before) break;
  }
  const rows = firstAnomaly !== undefined && all >= 2 * before ? before : Math.floor(all / 2);
  const dataRow = (taken: number): number => taken + (ahead.findLast((step) => step.taken <= taken)?.by ?? 0);
  return { rows, firstRow: rows === 0 ? -1 : dataRow(0), lastRow: rows === 0 ? -1 : dataRow(rows - 1), before, firstAnomaly, all };
}
