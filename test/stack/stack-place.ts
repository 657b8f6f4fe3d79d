import { builtInRegistry } from '../../cli/load-pipeline.ts';
import type { ProcessSummary } from '../../cli/process-recorder.ts';
import type { Store } from '../../core/store.ts';
import { type Ended, type Sluice, settings, type Workplace, workplace } from '../command-line.ts';
import { contentOf, type StoreContent } from '../store-content.ts';
import type { FreshBucket } from './influx-access.ts';
import { sharedInflux, sharedKafka } from './servers.ts';

/** A pipeline over Kafka and InfluxDB: a topic of its own, and as many groups and buckets as a test wants. */
export interface StackPlace extends Workplace {
  readonly topic: string;
  /** `--set` options that put a pipeline on this topic, group and bucket. */
  on(target: Target, more?: Readonly<Record<string, string | number>>): string[];
  /** `produce … --pace max --json` to its end, which must succeed. */
  produce(pipeline: string, target: Target, ...args: readonly string[]): Promise<ProduceSummary>;
  startProcess(pipeline: string, target: Target, ...args: readonly string[]): Sluice;
  /** `process … --until-end --json` to its end, which must succeed. */
  process(pipeline: string, target: Target, ...args: readonly string[]): Promise<ProcessSummary>;
  bucket(): Promise<FreshBucket>;
  openStore(bucket: FreshBucket): Promise<Store>;
  content(bucket: FreshBucket, stream: string): Promise<StoreContent>;
}

export interface Target {
  readonly group: string;
  readonly bucket: FreshBucket;
}

export interface ProduceSummary {
  readonly rowsSent: number;
  readonly deadLetters: number;
  readonly resumedAt: number;
  readonly nextOffset: number;
  readonly ended: boolean;
}

interface Servers {
  readonly brokers: readonly string[];
  readonly influx: { readonly url: string; readonly org: string; freshBucket(): Promise<FreshBucket> };
}

/** A workplace at the shared servers or, for those that are stopped and killed, at one's own. Closed when the test is over. */
export async function stackPlace(files: Readonly<Record<string, string>> = {}, own?: Servers): Promise<StackPlace> {
  const place = await workplace(files);
  const brokers = own?.brokers ?? (await sharedKafka()).brokers;
  const influx = own?.influx ?? (await sharedInflux());
  const topic = (await freshTopic(own)).replaceAll(/[^\w.-]/g, '-');
  const on: StackPlace['on'] = ({ group, bucket }, more = {}) =>
    settings({
      topic,
      bus: `{type: kafka, brokers: '${brokers.join(',')}', group: ${group}}`,
      store: `{type: influxdb, url: '${influx.url}', org: ${influx.org}, bucket: ${bucket.bucket}, token: '${bucket.token}'}`,
      serve: 'false',
      ...more,
    });
  const startProcess: StackPlace['startProcess'] = (pipeline, target, ...args) => place.start('process', pipeline, ...on(target), ...args);
  const openStore: StackPlace['openStore'] = async ({ bucket, token }) => {
    const definition = await (await builtInRegistry()).load('store', 'influxdb');
    return await definition.open(definition.options.parse({ url: influx.url, org: influx.org, bucket, token }), 'read');
  };
  return {
    ...place,
    topic,
    on,
    startProcess,
    openStore,
    async produce(pipeline, target, ...args) {
      return parse(await place.call('produce', pipeline, ...on(target), '--pace', 'max', '--json', ...args));
    },
    async process(pipeline, target, ...args) {
      return parse(await startProcess(pipeline, target, '--until-end', '--json', ...args).ended);
    },
    bucket: () => influx.freshBucket(),
    async content(bucket, stream) {
      const store = await openStore(bucket);
      try {
        return await contentOf(store, stream);
      } finally {
        await store.close();
      }
    },
  };
}

async function freshTopic(own: Servers | undefined): Promise<string> {
  return own ? `rows-${Date.now().toString(36)}` : (await sharedKafka()).freshName('rows');
}

function parse<T>({ code, signal, stdout, stderr }: Ended): T {
  if (code !== 0) throw new Error(`exit ${code ?? signal}: ${stderr.slice(-3000)}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as T;
}
