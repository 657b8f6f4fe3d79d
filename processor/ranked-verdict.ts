import type { Member } from '../core/component.ts';
import { Status } from '../core/verdict.ts';

/**
 * The verdict of every row that at least `need` members are as bad as: their need-th worst. 1 = the worst of all,
 * the number of members = the mildest. Members without a verdict do not count; where fewer than `need` have one,
 * the row's verdict is undefined.
 */
export function rankedVerdicts(members: readonly Member[], rows: number, need: number, out: { grade: Float64Array; status: Int8Array }): void {
  for (let row = 0; row < rows; row++) {
    const m = rankedMember(members, row, need);
    out.grade[row] = m < 0 ? Number.NaN : members[m].grade[row];
    out.status[row] = m < 0 ? Status.undefined : members[m].status[row];
  }
}

/** The member with the need-th largest grade at a row, ties in member order; -1 where fewer have one. */
function rankedMember(members: readonly Member[], row: number, need: number): number {
  for (let m = 0; m < members.length; m++) {
    if (members[m].status[row] === Status.undefined) continue;
    const grade = members[m].grade[row];
    let before = 0;
    for (let k = 0; k < members.length; k++) {
      if (k === m || members[k].status[row] === Status.undefined) continue;
      const other = members[k].grade[row];
      if (other > grade || (other === grade && k < m)) before++;
    }
    if (before === need - 1) return m;
  }
  return -1;
}

/** Members explain a combined verdict as far as they are graded; one without a verdict not at all. */
export function gradeWeight(members: readonly Member[], row: number, m: number): number {
  return members[m].status[row] === Status.undefined ? 0 : members[m].grade[row];
}
