import { AssignerProtocol, type Consumer, type Kafka, PartitionAssigners } from 'kafkajs';
import { quote, SluiceError } from '../../core/errors.ts';
import { stickyAssigner } from './assigner.ts';
import { brokerErrorType, busError, clusterOf } from './client.ts';
import type { Outage } from './outage.ts';
import { isFinal } from './topic-fetcher.ts';
import { within } from './within.ts';

/** Between two looks whether it is time for a heartbeat. */
const roundMs = 100;
/** Between two looks whether the group has been heard of. */
const lookMs = 1000;
const enoughAnswers = 5;
const noCoordinator = 'the coordinator of the group does not answer';
/** kafkajs gives up a member that cannot reach its coordinator after so many tries: as good as never, for the one that was there may come back. */
const tries = 10_000;
/** Who leaves says so, and waits so long for the broker to hear it. */
const leaveWithinMs = 3000;
const commitWithinMs = 1000;

export interface MembershipOptions {
  readonly kafka: () => Kafka;
  readonly topic: string;
  readonly group: string;
  /** Milliseconds without a heartbeat after which the group goes on without this member. */
  readonly sessionTimeout: number;
  readonly outage: Outage;
  readonly warn: (message: string) => void;
  /** The partitions that this member has, and would like to keep. */
  readonly held: () => number[];
  /** The group divides the partitions anew: until `joined` they may be anybody's. */
  readonly onLeaving: () => void;
  /** @param anew what was had before may have been another's meanwhile */
  readonly onJoined: (partitions: readonly number[], anew: boolean) => void;
  /** The broker has just said that this member is one of the group. */
  readonly onConfirmed: () => void;
  readonly onFailed: (error: SluiceError) => void;
}

/**
 * One member of a consumer group: which partitions of the topic are its own. kafkajs joins, beats and leaves; it fetches
 * nothing, since it has no way to begin where a manifest says: all partitions are paused before it could.
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #closing = new AbortController();
  readonly #heartbeatInterval: number;
  #consumer: Consumer | undefined;
  #running: Promise<void> = Promise.resolve();
  #memberId: string | undefined;
  #generation = 0;
  #share: readonly number[] = [];
  #joined = false;
  #confirmed = Number.NEGATIVE_INFINITY;
  #looking: NodeJS.Timeout | undefined;
  /** Looks since the group was heard of last. */
  #unheard = 0;
  #asking = false;
  /** So often in a row another client has found the coordinator, which this one cannot reach. */
  #answers = 0;
  /** Crashes since it was last a member. */
  #crashes = 0;
  readonly #commits = new Map<number, number>();
  #committing: Promise<void> | undefined;
  #commitFailed = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#heartbeatInterval = Math.min(500, Math.floor(options.sessionTimeout / 10));
  }

  /** The group has settled, as far as this member knows. */
  get joined(): boolean {
    return this.#joined;
  }

  /** So lately confirmed as a member that the group cannot have given it up. */
  get certain(): boolean {
    return this.#joined && performance.now() - this.#confirmed < this.#options.sessionTimeout / 2;
  }

  /** @throws BUS_DENIED, BUS_TOPIC, BUS_UNAVAILABLE */
  async open(): Promise<void> {
    await this.#start();
    this.#looking = setInterval(() => void this.#look(), lookMs).unref();
  }

  /** Whether the broker knows of no other division of the partitions, by its own word. */
  async isSettled(): Promise<boolean> {
    const { topic } = this.#options;
    const consumer = this.#consumer;
    if (!consumer || !this.#joined) return false;
    const { state, members } = await consumer.describeGroup();
    const mine = members.find(({ memberId }) => memberId === this.#memberId);
    if (state !== 'Stable' || !mine) return false;
    const assigned = AssignerProtocol.MemberAssignment.decode(mine.memberAssignment)?.assignment[topic] ?? [];
    return assigned.length === this.#share.length && assigned.every((partition) => this.#share.includes(partition));
  }

  /** Says how far the group has come, for those who look at it; soon, and the newest only. */
  commit(partition: number, offset: number): void {
    this.#commits.set(partition, offset);
    this.#committing ??= this.#commit().finally(() => {
      this.#committing = undefined;
    });
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    await within(commitWithinMs, this.#committing ?? Promise.resolve());
    this.#closing.abort(new SluiceError('BUS_UNAVAILABLE', 'the consumer was closed', { place: this.#place }));
    clearInterval(this.#looking);
    const consumer = this.#consumer;
    this.#consumer = undefined;
    this.#joined = false;
    // kafkajs forgets a member that leaves while it joins, and it would stay one for ever: it leaves when it has joined.
    const left = this.#running.then(() => consumer?.disconnect());
    await within(leaveWithinMs, left);
    this.#options.outage.over(this);
  }

  get #place(): string {
    return `group ${quote(this.#options.group)} of topic ${quote(this.#options.topic)}`;
  }

  async #start(): Promise<void> {
    const { kafka, topic, group, sessionTimeout, held, warn } = this.#options;
    const consumer = kafka().consumer({
      groupId: group,
      sessionTimeout,
      rebalanceTimeout: 2 * sessionTimeout,
      heartbeatInterval: this.#heartbeatInterval,
      maxWaitTimeInMs: roundMs,
      allowAutoTopicCreation: false,
      // Partitions that another kind of consumer shares are divided as it knows to.
      partitionAssigners: [stickyAssigner(() => this.#claim(held()), warn), PartitionAssigners.roundRobin],
      retry: { retries: tries, maxRetryTime: 1000, restartOnFailure: async () => false },
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
    } catch (error) {
      await within(leaveWithinMs, consumer.disconnect());
      throw busError(error, this.#place);
    }
    if (this.#closing.signal.aborted) {
      await within(leaveWithinMs, consumer.disconnect());
      throw this.#closing.signal.reason;
    }
    this.#consumer = consumer;
    this.#unheard = 0;
    this.#watch(consumer);
    // Resolves when it has joined, or has failed to.
    this.#running = consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} }).catch((error: Error) => {
      if (consumer === this.#consumer) this.#crashed(error);
    });
  }

  /** Asked for when this member is about to join. */
  #claim(partitions: readonly number[]): { generation: number; partitions: readonly number[] } {
    this.#joined = false;
    this.#options.onLeaving();
    return { generation: this.#generation, partitions };
  }

  /** kafkajs calls these before it goes on: what they do is done before the first fetch of a new member. */
  #watch(consumer: Consumer): void {
    const { topic, onJoined, onConfirmed } = this.#options;
    const { GROUP_JOIN, HEARTBEAT, CRASH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => {
      consumer.pause([{ topic }]);
      if (consumer !== this.#consumer) return;
      const anew = payload.memberId !== this.#memberId;
      this.#memberId = payload.memberId;
      this.#generation++;
      this.#share = payload.memberAssignment[topic] ?? [];
      this.#joined = true;
      this.#heard();
      this.#crashes = 0;
      onJoined(this.#share, anew);
    });
    consumer.on(HEARTBEAT, ({ payload }) => {
      if (consumer !== this.#consumer) return;
      this.#generation = payload.groupGenerationId;
      this.#heard();
      onConfirmed();
    });
    consumer.on(CRASH, ({ payload }) => {
      if (consumer === this.#consumer) this.#crashed(payload.error);
    });
  }

  #heard(): void {
    this.#confirmed = performance.now();
    this.#unheard = 0;
    this.#answers = 0;
    this.#options.outage.over(this);
  }

  /**
   * kafkajs keeps to the coordinator that it found when it joined. Where that one does not come back and the group has another,
   * the member begins anew.
   */
  async #look(): Promise<void> {
    const { sessionTimeout } = this.#options;
    const consumer = this.#consumer;
    // Counted in looks: a process that was stopped has not waited. Joining takes until the others have joined too.
    const patience = (this.#joined ? 1 : 3) * sessionTimeout;
    if (!consumer || ++this.#unheard * lookMs < patience || this.#asking) return;
    this.#options.outage.began(this, noCoordinator);
    this.#asking = true;
    const answered = await this.#coordinatorAnswers();
    this.#asking = false;
    this.#answers = answered ? this.#answers + 1 : 0;
    // One that is just back is given the time to be found by kafkajs.
    if (this.#unheard === 0 || this.#answers < enoughAnswers || consumer !== this.#consumer) return;
    this.#crashed(new Error(noCoordinator));
    void within(leaveWithinMs, consumer.disconnect());
  }

  async #coordinatorAnswers(): Promise<boolean> {
    const { kafka, group } = this.#options;
    const cluster = clusterOf(kafka());
    try {
      await cluster.connect();
      await cluster.refreshMetadata();
      await cluster.findGroupCoordinator({ groupId: group });
      return true;
    } catch {
      // Nobody else can reach it either: it may come back.
      return false;
    } finally {
      void within(leaveWithinMs, cluster.disconnect());
    }
  }

  #crashed(error: Error): void {
    const { outage, onLeaving, onFailed } = this.#options;
    this.#consumer = undefined;
    this.#joined = false;
    onLeaving();
    const failure = this.#errorOf(error);
    if (failure.final) {
      onFailed(failure.error);
      return;
    }
    // A coordinator that has just got the group asks for patience once.
    if (++this.#crashes > 1) outage.began(this, failure.error.what);
    this.#running = this.#restart();
  }

  async #restart(): Promise<void> {
    const { outage, onFailed } = this.#options;
    for (let attempt = 1; ; attempt++) {
      await Promise.allSettled([outage.backOff(attempt, this.#closing.signal)]);
      if (this.#closing.signal.aborted) return;
      try {
        return await this.#start();
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        const failure = this.#errorOf(error as Error);
        if (failure.final) return onFailed(failure.error);
        outage.began(this, failure.error.what);
      }
    }
  }

  #errorOf(error: Error): { error: SluiceError; final: boolean } {
    const failure = busError(error, this.#place);
    const fix = refusals.get(brokerErrorType(error) ?? '');
    // A member that is refused had the right before.
    if (fix === undefined) return { error: failure, final: isFinal(failure) && !(failure.code === 'BUS_DENIED' && this.#memberId !== undefined) };
    return { error: new SluiceError('BUS_UNAVAILABLE', failure.what, { place: this.#place, fix, cause: error }), final: true };
  }

  async #commit(): Promise<void> {
    const { topic, warn } = this.#options;
    // One after the other: those who come meanwhile are taken along.
    for (const consumer = this.#consumer; consumer && this.#commits.size > 0; ) {
      const offsets = [...this.#commits].map(([partition, offset]) => ({ topic, partition, offset: String(offset) }));
      this.#commits.clear();
      try {
        await consumer.commitOffsets(offsets);
        this.#commitFailed = false;
      } catch (error) {
        const type = brokerErrorType(error);
        // Without a type it was no broker that refused: an outage, which those who fetch tell of.
        const refused = type !== undefined && !passingRefusals.has(type);
        if (refused && !this.#commitFailed) warn(`${this.#place}: the broker does not note how far it has come: ${(error as Error).message}`);
        this.#commitFailed = true;
        return;
      }
    }
  }
}

/** What the broker answers to a member that it will never take, and what helps. */
const refusals: ReadonlyMap<string, string> = new Map([
  ['INCONSISTENT_GROUP_PROTOCOL', 'Other software reads under this name: give bus.group one of its own.'],
  ['INVALID_GROUP_ID', 'Give bus.group another name.'],
  ['GROUP_MAX_SIZE_REACHED', 'Run fewer processors in this group.'],
  ['INVALID_SESSION_TIMEOUT', 'Set bus.sessionTimeout to what the brokers allow (group.min.session.timeout.ms, 6 s by default).'],
]);

/** While the group changes; the next commit comes through. */
const passingRefusals = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);
