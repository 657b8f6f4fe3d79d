import type { ConsumerOptions } from '../../core/bus.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import { assignPartitions } from './assignment.ts';
import { Member } from './member.ts';
import type { Topic } from './topic.ts';

/** The members that share a topic's partitions, and how far they have come. Positions are ranks of the partition's log. */
export class Group {
  readonly name: string;
  readonly topic: Topic;
  members: Member[] = [];
  /** Everything below has been handed out. */
  readonly read: number[];
  /** Everything below is done with; falls back to here when a partition changes hands. */
  readonly committed: number[];
  /** Offset below which elements were let go before this group had committed them; -Infinity = none. */
  readonly #lost: number[];
  readonly #owners: (Member | undefined)[];
  #targets: (Member | undefined)[];

  constructor(name: string, topic: Topic) {
    this.name = name;
    this.topic = topic;
    this.read = topic.partitions.map(({ log }) => log.base);
    this.committed = [...this.read];
    this.#lost = topic.partitions.map(() => Number.NEGATIVE_INFINITY);
    this.#owners = topic.partitions.map(() => undefined);
    this.#targets = topic.partitions.map(() => undefined);
  }

  join(options: ConsumerOptions): Member {
    const member = new Member(this, options);
    this.members.push(member);
    this.#reassign();
    return member;
  }

  /** @param busy a partition whose revoked callback is still at work; its member releases it afterwards */
  leave(member: Member, busy: number | undefined): void {
    this.members = this.members.filter((other) => other !== member);
    this.#reassign();
    for (let p = 0; p < this.#owners.length; p++) if (this.owns(member, p) && p !== busy) this.release(p);
  }

  owns(member: Member, partition: number): boolean {
    return this.#owners[partition] === member;
  }

  /** A partition that this member reads and shall give up. */
  toRevoke(member: Member): number {
    return this.#owners.findIndex((owner, p) => owner === member && this.#targets[p] !== member);
  }

  /** A partition that nobody reads and this member shall. */
  toTake(member: Member): number {
    return this.#owners.findIndex((owner, p) => owner === undefined && this.#targets[p] === member);
  }

  take(member: Member, partition: number): void {
    this.#owners[partition] = member;
  }

  /** Nobody reads the partition now; whoever does next begins where its position says. */
  release(partition: number): void {
    this.#owners[partition] = undefined;
    this.read[partition] = this.committed[partition];
    this.topic.retain(partition);
    this.#targets[partition]?.wake();
  }

  /** @throws BUS_UNAVAILABLE when rows from this offset on were let go before the group had committed them. */
  seek(partition: number, offset: number | undefined): void {
    const { log } = this.topic.partitions[partition];
    if ((offset ?? Number.MIN_SAFE_INTEGER) < this.#lost[partition]) {
      throw new SluiceError('BUS_UNAVAILABLE', `offset ${offset ?? 'at the beginning'} is no longer held, the first one is ${log.offset(log.base)}`, {
        place: `group ${quote(this.name)}, partition ${partition} of topic ${quote(this.topic.name)}`,
        fix: 'Commit sooner, or raise `keep` of the memory bus.',
      });
    }
    this.read[partition] = offset === undefined ? log.base : log.seek(offset);
    this.topic.retain(partition);
  }

  /** Everything below this rank has been handed out or passed over. */
  advance(partition: number, rank: number): void {
    this.read[partition] = rank;
    this.topic.retain(partition);
    if (this.finished) this.wakeAll();
  }

  commit(partition: number, nextOffset: number): void {
    const rank = Math.min(this.topic.partitions[partition].log.seek(nextOffset), this.read[partition]);
    this.committed[partition] = Math.max(this.committed[partition], rank);
    this.topic.retain(partition);
  }

  /** The bus is about to free everything below this rank. */
  letGo(partition: number, rank: number): void {
    if (this.committed[partition] >= rank) return;
    this.committed[partition] = rank;
    this.read[partition] = Math.max(this.read[partition], rank);
    this.#lost[partition] = this.topic.partitions[partition].log.offset(rank);
  }

  /** No producer is left and the group has read everything. */
  get finished(): boolean {
    return this.topic.ended && this.topic.partitions.every(({ log }, p) => this.read[p] === log.tail);
  }

  wake(partition: number): void {
    this.#owners[partition]?.wake();
  }

  wakeAll(): void {
    for (const member of this.members) member.wake();
  }

  #reassign(): void {
    const owners = this.#owners.map((owner) => (owner && this.members.includes(owner) ? this.members.indexOf(owner) : undefined));
    this.#targets = assignPartitions(owners, this.members.length).map((m) => (m === undefined ? undefined : this.members[m]));
    this.wakeAll();
  }
}
