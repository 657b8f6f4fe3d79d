import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Cluster } from 'kafkajs';
import { type DiagnoseContext, type Finding, failed, notChecked, ok, warning } from '../../core/finding.ts';
import { formatDuration } from '../../core/time.ts';
import { brokerErrorType, busError } from './client.ts';
import type { DiagnosedOptions } from './diagnose.ts';
import { pieceBytes } from './saved-manifests.ts';
import type { ClusterDetails, Operation, TopicDetails } from './topic-details.ts';
import { announcementsTopic, deadTopic, stateTopic } from './topics.ts';

const day = 86_400_000;
/** A producer's clock that is so far ahead is wrong. */
const clockTolerance = 5000;
/** ConfigResourceTypes.TOPIC, which a module cannot import by name. */
const topicResource = 2;

const count = (n: number, one: string): string => `${n.toLocaleString('en-US')} ${n === 1 ? one : `${one}s`}`;

/** Of each topic: is it there and whole, how long it keeps its rows, how large they may be, what the user may do; and of those beside it. */
export async function topicFindings(admin: Admin, details: ClusterDetails, options: DiagnosedOptions, { topics, group }: DiagnoseContext): Promise<Finding[]> {
  const perTopic = topics.map(async (topic) => {
    const rows = await rowsFindings(admin, details, topic, options);
    const beside = await Promise.all([
      compactedFinding(admin, details, announcementsTopic(topic), 'schemas and sources', options),
      compactedFinding(admin, details, stateTopic(topic, group), 'positions and models', options),
    ]);
    return [...rows, ...beside, ...rightsFindings(details, topic, group)];
  });
  return (await Promise.all(perTopic)).flat();
}

async function rowsFindings(admin: Admin, details: ClusterDetails, topic: string, options: DiagnosedOptions): Promise<Finding[]> {
  const found = details.topics.get(topic);
  const check = `topic ${topic}`;
  if (found?.state !== 'there') return [absentFinding(check, details, topic, `${count(options.partitions, 'partition')}`, options)];
  const settings = await settingsOf(admin, topic);
  return [partitionsFinding(check, found, options, details.brokers.length), await offsetsFinding(admin, topic), ...settingFindings(topic, settings, options)];
}

function absentFinding(check: string, details: ClusterDetails, topic: string, as: string, { createTopics }: DiagnosedOptions): Finding {
  if (details.topics.get(topic)?.state === 'denied') {
    return failed(check, 'the user may not see it', `Allow DESCRIBE, READ and WRITE on topic ${topic} to the user of bus.sasl.`);
  }
  const create = `Create it with ${as}`;
  if (!createTopics) return failed(check, 'it does not exist, and bus.createTopics is false', `${create}, or set bus.createTopics to true.`);
  if (!details.mayCreateTopics && !details.topics.get(topic)?.may.has('CREATE')) {
    return failed(check, 'it does not exist, and the user may not create it', `${create}, or allow CREATE on it to the user of bus.sasl.`);
  }
  return ok(check, `does not exist yet; it will be made with ${as}`);
}

function partitionsFinding(check: string, found: TopicDetails, { partitions }: DiagnosedOptions, brokers: number): Finding {
  const copies = found.copies === 1 ? 'one copy of each' : `${found.copies} copies of each`;
  const what = `${count(found.partitions, 'partition')}, ${copies}`;
  if (found.leaderless > 0)
    return failed(check, `${what}; ${found.leaderless} without a leader: nothing goes in or out there`, 'Start the brokers that hold them.');
  if (found.underReplicated > 0) {
    return warning(
      check,
      `${what}; ${found.underReplicated} have fewer copies than they should`,
      'See that all brokers run, and wait until they have caught up.',
    );
  }
  if (found.partitions < partitions) {
    const fix = `Set bus.partitions to ${found.partitions}, or give the topic more before its first row: a stream stays in the partition it began in.`;
    return warning(check, `${what}, bus.partitions says ${partitions}: no more than ${found.partitions} processors share the work`, fix);
  }
  if (found.copies === 1 && brokers > 1) return warning(check, `${what}: what a lost broker held is lost`, 'Raise the replication of the topic to 3.');
  return ok(check, what);
}

/** How many messages there are, and whether one of them comes from a clock that is ahead. */
async function offsetsFinding(admin: Admin, topic: string): Promise<Finding> {
  const check = `messages ${topic}`;
  try {
    const late = Date.now() + clockTolerance;
    const [offsets, ahead] = await Promise.all([admin.fetchTopicOffsets(topic), admin.fetchTopicOffsetsByTimestamp(topic, late)]);
    const held = offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
    const high = new Map(offsets.map(({ partition, high: end }) => [partition, Number(end)]));
    // Offset -1 or the end: there is none.
    const future = ahead.filter(({ partition, offset }) => Number(offset) >= 0 && Number(offset) < (high.get(partition) as number));
    const what = held === 0 ? 'none yet' : count(held, 'message');
    if (future.length === 0) return ok(check, what);
    return warning(check, `${what}, some stamped later than now: the clock of a producer is ahead of this one`, 'Set the clocks by NTP, on both sides.');
  } catch (error) {
    return notChecked(check, busError(error, '').what);
  }
}

type Settings = ReadonlyMap<string, string>;

/** Settings of a topic by Kafka's names, or why they are not known. */
async function settingsOf(admin: Admin, topic: string): Promise<Settings | string> {
  try {
    const { resources } = await admin.describeConfigs({ resources: [{ type: topicResource, name: topic }], includeSynonyms: false });
    return new Map(resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]));
  } catch (error) {
    const denied = brokerErrorType(error)?.endsWith('_AUTHORIZATION_FAILED');
    return denied ? 'the user may not see its settings (DESCRIBE_CONFIGS)' : busError(error, '').what;
  }
}

function settingFindings(topic: string, settings: Settings | string, options: DiagnosedOptions): Finding[] {
  const [retention, size] = [`retention ${topic}`, `message size ${topic}`];
  if (typeof settings === 'string') return [retention, size].map((check) => notChecked(check, settings));
  return [retentionFinding(retention, settings), sizeFinding(size, settings, options.maxMessageBytes, warning)];
}

function retentionFinding(check: string, settings: Settings): Finding {
  const policy = settings.get('cleanup.policy') ?? '';
  if (policy.includes('compact')) {
    return failed(check, `cleanup.policy is ${policy}: of each stream only the last row is kept`, 'Set cleanup.policy to delete.');
  }
  const [ms, bytes] = [Number(settings.get('retention.ms') ?? -1), Number(settings.get('retention.bytes') ?? -1)];
  const kept = `rows are kept ${ms < 0 ? 'for good' : `for ${formatDuration(ms)}`}${bytes < 0 ? '' : `, up to ${megabytes(bytes)} a partition`}`;
  if (ms >= 0 && ms < day) {
    return warning(check, `${kept}: a processor that is away for longer loses rows`, `Set retention.ms to a day (${day}) or more.`);
  }
  return ok(check, kept);
}

function sizeFinding(check: string, settings: Settings, needed: number, severity: typeof warning): Finding {
  const most = Number(settings.get('max.message.bytes'));
  if (most >= needed) return ok(check, `up to ${megabytes(most)}`);
  return severity(check, `up to ${megabytes(most)}, ${megabytes(needed)} may be needed`, `Raise its max.message.bytes to ${needed} or more.`);
}

const megabytes = (bytes: number): string => (bytes < 1 << 20 ? `${Math.round(bytes / 1024)} KB` : `${Number((bytes / (1 << 20)).toFixed(1))} MB`);

/** A topic of which the last message of each key counts. */
async function compactedFinding(admin: Admin, details: ClusterDetails, topic: string, holds: string, options: DiagnosedOptions): Promise<Finding> {
  const check = `topic ${topic}`;
  const found = details.topics.get(topic);
  if (found?.state !== 'there') return absentFinding(check, details, topic, '1 partition, cleanup.policy=compact', options);
  if (found.leaderless > 0) return failed(check, `${holds}: it has no leader`, 'Start the brokers that hold it.');
  if (found.partitions !== 1) return failed(check, `${holds}: it has ${found.partitions} partitions, and one is needed`, 'Delete it, and let it be made anew.');
  const settings = await settingsOf(admin, topic);
  if (typeof settings === 'string') return notChecked(check, settings);
  const policy = settings.get('cleanup.policy') ?? '';
  if (policy !== 'compact') return failed(check, `${holds}: cleanup.policy is ${policy}, so they are deleted with time`, 'Set its cleanup.policy to compact.');
  // A piece of a record and what stands beside it.
  const size = sizeFinding(check, settings, pieceBytes + 16_384, failed);
  return size.status === 'ok' ? ok(check, `${holds}, compacted`) : { ...size, found: `${holds}: ${size.found}` };
}

/** What the producer and the processor do with each topic that is there. */
function rightsFindings(details: ClusterDetails, topic: string, group: string): Finding[] {
  const check = `rights ${topic}`;
  const needed: [string, Operation[]][] = [
    [topic, ['READ', 'WRITE']],
    [announcementsTopic(topic), ['READ', 'WRITE']],
    [stateTopic(topic, group), ['READ', 'WRITE']],
    [deadTopic(topic), ['WRITE']],
  ];
  const lacking = needed.flatMap(([name, wanted]) => {
    const found = details.topics.get(name);
    if (found?.state !== 'there') return [];
    const missing = wanted.filter((operation) => !found.may.has(operation));
    return missing.length === 0 ? [] : [`${missing.join(' and ')} on ${name}`];
  });
  if (lacking.length === 0) return needed.some(([name]) => details.topics.get(name)?.state === 'there') ? [ok(check, 'may read and write what is there')] : [];
  const finding = failed(
    check,
    `the user lacks ${lacking.join(', ')}`,
    'Allow it to the user of bus.sasl; `sluice produce` alone needs no READ, `sluice process` no WRITE on the topic itself.',
  );
  return [finding];
}

/** Who processes, and how far. The group's offsets are what it told last; the manifests are the truth. */
export async function groupFinding(admin: Admin, cluster: Cluster, { group, topics }: DiagnoseContext, details: ClusterDetails): Promise<Finding> {
  const check = `group ${group}`;
  const there = topics.filter((topic) => details.topics.get(topic)?.state === 'there');
  try {
    const [{ groups }, stands] = await patiently(async () => {
      await findCoordinator(cluster, group);
      return await Promise.all([admin.describeGroups([group]), Promise.all(there.map((topic) => standOf(admin, group, topic)))]);
    });
    const [{ state, members }] = groups;
    const lag = stands.reduce((sum, stand) => sum + stand.lag, 0);
    const lost = stands.reduce((sum, stand) => sum + stand.lost, 0);
    const who = state === 'Dead' || members.length === 0 ? 'nobody processes now' : `${count(members.length, 'member')}, ${state}`;
    const what = stands.some(({ known }) => known) ? `${who}; ${count(lag, 'message')} behind` : `${who}; it has processed nothing yet`;
    if (lost === 0) return ok(check, what);
    const fix = 'Keep rows for longer (retention.ms), then start the processor with --fresh or accept the gap.';
    return failed(check, `${what}; ${count(lost, 'message')} were deleted before they were processed`, fix);
  } catch (error) {
    const { code, what } = busError(error, '');
    return code === 'BUS_DENIED'
      ? failed(check, `the user may not use it: ${what}`, `Allow READ on group ${group} to the user of bus.sasl.`)
      : notChecked(check, what);
  }
}

/** What brokers answer while they make or load the topic of the groups, as they do when the first one asks for it. */
const soon = new Set(['GROUP_COORDINATOR_NOT_AVAILABLE', 'GROUP_LOAD_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP']);

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let wait = 200; ; wait *= 2) {
    try {
      return await work();
    } catch (error) {
      if (wait > 2000 || !soon.has(brokerErrorType(error) ?? '')) throw error;
      await sleep(wait);
    }
  }
}

/** Asks for it as kafkajs does, which would not say why it cannot be had. */
async function findCoordinator(cluster: Cluster, groupId: string): Promise<void> {
  await cluster.refreshMetadataIfNecessary();
  const broker = (await cluster.findControllerBroker()) as unknown as {
    findGroupCoordinator(of: { groupId: string; coordinatorType: number }): Promise<unknown>;
  };
  await broker.findGroupCoordinator({ groupId, coordinatorType: 0 });
}

/** Messages that wait, and that were deleted while they waited. */
async function standOf(admin: Admin, groupId: string, topic: string): Promise<{ known: boolean; lag: number; lost: number }> {
  const [offsets, [committed]] = await Promise.all([admin.fetchTopicOffsets(topic), admin.fetchOffsets({ groupId, topics: [topic] })]);
  const at = new Map(committed.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  let [known, lag, lost] = [false, 0, 0];
  for (const { partition, low, high } of offsets) {
    const offset = at.get(partition) ?? -1;
    if (offset >= 0) {
      known = true;
      lost += Math.max(0, Number(low) - offset);
    }
    lag += Number(high) - Math.max(offset, Number(low));
  }
  return { known, lag, lost };
}
