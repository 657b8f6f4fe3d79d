import { AssignerProtocol, type GroupMember, type PartitionAssigner } from 'kafkajs';
import { assignPartitions } from '../memory/assignment.ts';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;

/** What a member says it has when the group divides the partitions anew. */
export interface Claim {
  /** Of the group in which it got them: of two who claim the same partition the later one has it. */
  readonly generation: number;
  readonly partitions: readonly number[];
}

interface Subscriber {
  readonly memberId: string;
  readonly topics: readonly string[];
  readonly claim: Claim;
}

/**
 * Divides partitions evenly, each member keeping what it has as far as that allows (the idea of Kafka's sticky assignor).
 * kafkajs has every member let go of everything whenever one joins or leaves: the claims travel with the request to join.
 */
export const stickyAssigner =
  (claim: () => Claim, warn: (message: string) => void): PartitionAssigner =>
  ({ cluster }) => ({
    name: 'sluice-sticky',
    version: 0,
    protocol({ topics }) {
      return { name: this.name, metadata: MemberMetadata.encode({ version: this.version, topics, userData: Buffer.from(JSON.stringify(claim())) }) };
    },
    async assign({ members }) {
      const subscribers = members.map(subscriberOf).sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
      const topics = [...new Set(subscribers.flatMap((subscriber) => subscriber.topics))];
      // The member that divides knows its own topics only, and another one may read others under the same group.
      for (const topic of topics) {
        await cluster.addTargetTopic(topic).catch((error: Error) => warn(`cannot divide topic '${topic}' among its readers: ${error.message}`));
      }
      const shares = new Map<string, Record<string, number[]>>(subscribers.map(({ memberId }) => [memberId, {}]));
      for (const topic of topics) {
        const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
        const readers = subscribers.filter((subscriber) => subscriber.topics.includes(topic));
        for (const [member, share] of divide(partitions, readers)) shares.get(member)![topic] = share;
      }
      return [...shares].map(([memberId, assignment]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({ version: this.version, assignment, userData: Buffer.alloc(0) }),
      }));
    },
  });

/**
 * @param readers sorted, so that whoever divides comes to the same result
 * @returns the partitions of each reader
 * @example
 * const claim = { generation: 1, partitions: [0, 1, 2] };
 * [...divide([0, 1, 2], [{ memberId: 'a', claim }, { memberId: 'b', claim: { generation: 0, partitions: [] } }])]; // [["a", [0, 1]], ["b", [2]]]
 */
export function divide(partitions: readonly number[], readers: readonly Pick<Subscriber, 'memberId' | 'claim'>[]): Map<string, number[]> {
  const sorted = [...partitions].sort((a, b) => a - b);
  const owners = sorted.map((partition) => {
    let owner: number | undefined;
    for (const [i, { claim }] of readers.entries()) {
      if (claim.partitions.includes(partition) && (owner === undefined || claim.generation > readers[owner].claim.generation)) owner = i;
    }
    return owner;
  });
  const shares = new Map<string, number[]>(readers.map(({ memberId }) => [memberId, []]));
  for (const [i, reader] of assignPartitions(owners, readers.length).entries()) {
    if (reader !== undefined) shares.get(readers[reader].memberId)!.push(sorted[i]);
  }
  return shares;
}

const nothing: Claim = { generation: 0, partitions: [] };

function subscriberOf({ memberId, memberMetadata }: GroupMember): Subscriber {
  const metadata = MemberMetadata.decode(memberMetadata);
  return { memberId, topics: metadata?.topics ?? [], claim: readClaim(metadata?.userData) };
}

/** A member of another make, or of another version, claims nothing that can be understood: it gets what is over. */
function readClaim(userData: Buffer | undefined): Claim {
  if (!userData || userData.length === 0) return nothing;
  let claim: Partial<Claim> | null;
  try {
    claim = JSON.parse(userData.toString()) as Partial<Claim> | null;
  } catch {
    return nothing;
  }
  return Number.isInteger(claim?.generation) && Array.isArray(claim?.partitions) ? (claim as Claim) : nothing;
}
