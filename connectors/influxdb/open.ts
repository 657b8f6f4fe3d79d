import type { ServiceContext } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Store } from '../../core/store.ts';
import { formatDuration } from '../../core/time.ts';
import { readOnly } from '../read-only.ts';
import { type ConnectionOptions, InfluxConnection } from './connection.ts';
import { InfluxError } from './failure.ts';
import { Outage, patience } from './outage.ts';
import { influxReader } from './reader.ts';
import { keepForGood } from './rejected-row.ts';
import { InfluxWriter } from './writer.ts';

export interface InfluxOptions extends ConnectionOptions {
  readonly inFlight: number;
  readonly batchPoints: number;
}

/** Milliseconds without a request after which a server is asked whether it would take one. */
const idle = 5000;

/** Milliseconds that a reader waits for a server: somebody is waiting for the answer. */
const readerPatience = 3000;

/**
 * Opens a bucket to write and read it, or only to read it.
 * @throws STORE_DENIED when the token is refused or lacks a right; STORE_UNAVAILABLE when there is no such bucket, it does not keep
 * its points, or the server does not come up
 */
export async function openStore(options: InfluxOptions, mode: 'own' | 'read', context?: ServiceContext): Promise<Store> {
  const connection = new InfluxConnection(options);
  const outage = new Outage(context);
  try {
    const waiting = context?.worked ? {} : { passes: ({ kind }: InfluxError) => kind === 'away', patience: mode === 'own' ? patience : readerPatience };
    await outage.through(() => requireAccess(connection, mode), waiting);
  } catch (error) {
    outage.close();
    connection.close();
    throw error;
  }
  const reader = influxReader(connection);
  if (mode === 'read') {
    return {
      ...reader,
      ...readOnly,
      async close() {
        outage.close();
        connection.close();
      },
    };
  }
  const watch = context && watchIdle(connection, outage, context);
  const writer = new InfluxWriter(connection, reader, outage, { inFlight: options.inFlight, batchLines: options.batchPoints });
  return {
    ...reader,
    known: (stream, times, seqs) => writer.known(stream, times, seqs),
    openStream: (stream, schema) => writer.openStream(stream, schema),
    append: (write) => writer.append(write),
    appendDead: (letters) => writer.appendDead(letters),
    removeDead: (letters) => writer.removeDead(letters),
    commit: (manifest) => writer.commit(manifest),
    replaceVerdicts: (stream, from, to, writes) => writer.replaceVerdicts(stream, from, to, writes),
    annotate: (annotation) => writer.annotate(annotation),
    forget: (stream, manifestKey) => writer.forget(stream, manifestKey),
    async close() {
      clearInterval(watch);
      writer.close();
      connection.close();
    },
  };
}

/** Where no rows come, nobody would notice that the server went away, or that the token was replaced, until the next one does. */
function watchIdle(connection: InfluxConnection, outage: Outage, context: ServiceContext): NodeJS.Timeout {
  const ask = (): void => {
    if (outage.quietFor < idle) return;
    outage
      .through((signal) => connection.write(new Uint8Array(0), signal))
      .catch((error: unknown) => {
        if (!outage.closed) context.warn((error as Error).message);
      });
  };
  return setInterval(ask, idle).unref();
}

/** Whether all is as it has to be, in two cheap requests. */
async function requireAccess(connection: InfluxConnection, mode: 'own' | 'read'): Promise<void> {
  const { url, org, bucket } = connection.at;
  const place = `${url}, bucket '${bucket}' of '${org}'`;
  const info = await connection.bucket();
  if (mode === 'own') await connection.write(new Uint8Array(0));
  if (!info) {
    const what = 'the token may not read from the bucket';
    throw new InfluxError('denied', 'STORE_DENIED', what, { said: what, place, fix: readRight, cause: undefined });
  }
  if (mode === 'own' && info.retention > 0) {
    // Times are event times, also of recordings from years ago, and some points have no time at all.
    throw new SluiceError('STORE_UNAVAILABLE', `the bucket drops what is older than ${formatDuration(info.retention)}`, { place, fix: keepForGood });
  }
}

const readRight = 'Sluice reads what it wrote: let the token (INFLUX_TOKEN in .env) read the bucket too; `sluice init influxdb` makes one.';
