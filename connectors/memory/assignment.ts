/**
 * Which member of a group reads which partition: as even as it can be, and everyone keeps what they have as far as that
 * allows (the idea of Kafka's sticky assignor). Members are numbered in the order in which they joined.
 *
 * @param owners the member that reads each partition now; undefined = nobody
 * @returns the member that shall read each partition; undefined only when there are no members
 * @example
 * assignPartitions([0, 0, 0], 2); // [0, 0, 1]
 */
export function assignPartitions(owners: readonly (number | undefined)[], members: number): (number | undefined)[] {
  if (members === 0) return owners.map(() => undefined);
  const held = Array.from({ length: members }, () => 0);
  for (const owner of owners) if (owner !== undefined) held[owner]++;
  const floor = Math.floor(owners.length / members);
  // The members who hold most get the odd ones, so that the fewest partitions move.
  const quota = Array.from({ length: members }, () => floor);
  const byHeld = held.map((_, member) => member).sort((a, b) => held[b] - held[a] || a - b);
  for (const member of byHeld.slice(0, owners.length % members)) quota[member]++;

  const given = Array.from({ length: members }, () => 0);
  const targets = owners.map((owner) => {
    if (owner === undefined || given[owner] === quota[owner]) return undefined;
    given[owner]++;
    return owner;
  });
  return targets.map((target) => {
    if (target !== undefined) return target;
    const member = given.findIndex((n, m) => n < quota[m]);
    given[member]++;
    return member;
  });
}
