import { type Finding, notChecked, ok, warning } from '../../core/finding.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Without a pipeline: who answers where a pipeline would look. A server that nobody has named need not be there. */
export async function* serverFindings(env: Variables, signal: AbortSignal): AsyncGenerator<Finding> {
  yield* await kafkaFindings(env, signal);
  yield* influxFindings(env, signal);
}

async function kafkaFindings({ KAFKA_BROKERS: named }: Variables, signal: AbortSignal): Promise<Finding[]> {
  const { probeBroker } = await import('../../connectors/kafka/probe.ts');
  const addresses = (named || '127.0.0.1:9092').split(',').map((address) => address.trim());
  return await Promise.all(
    addresses.map(async (address) => {
      const check = `Kafka ${address}`;
      try {
        const { release, mechanisms } = await probeBroker(address, false, 2000, signal);
        return ok(check, mechanisms.length === 0 ? release : `${release}, asks for a login (${mechanisms.join(', ')})`);
      } catch (error) {
        const { message } = error as Error;
        return named
          ? warning(check, message, 'Start it, or correct KAFKA_BROKERS.')
          : notChecked(check, `${message}; only a pipeline with bus kafka needs it`);
      }
    }),
  );
}

async function* influxFindings(env: Variables, signal: AbortSignal): AsyncGenerator<Finding> {
  const { INFLUX_URL: named, INFLUX_TOKEN: token, INFLUX_READER_TOKEN: readToken, INFLUX_ORG: org = 'sluice', INFLUX_BUCKET: bucket = 'plant' } = env;
  const url = named || 'http://127.0.0.1:8086';
  if (token) {
    const { diagnoseInflux } = await import('../../connectors/influxdb/diagnose.ts');
    const options = { url, org, bucket, token, ...(readToken ? { readToken } : {}) };
    for await (const finding of diagnoseInflux(options, { topics: [], group: '', signal })) yield { ...finding, check: `InfluxDB ${finding.check}` };
    return;
  }
  const { ask, health } = await import('../../connectors/influxdb/management.ts');
  const check = `InfluxDB ${url}`;
  try {
    const { version } = await health({ url, signal });
    const { allowed } = (await ask<{ allowed?: boolean }>({ url, signal }, 'GET', '/api/v2/setup')).body;
    const fix = 'Run `sluice init influxdb`.';
    yield allowed ? warning(check, `${version}, never set up`, fix) : warning(check, `${version}; no token is known (INFLUX_TOKEN)`, fix);
  } catch (error) {
    const { message } = error as Error;
    yield named
      ? warning(check, message, 'Start it, or correct INFLUX_URL.')
      : notChecked(check, 'does not answer; only a pipeline with store influxdb needs it');
  }
}
