import { setTimeout as wait } from 'node:timers/promises';
import type { InfluxConnection } from './connection.ts';
import { CsvResponse, type PointSink } from './csv-response.ts';
import { InfluxError } from './failure.ts';

/** Milliseconds between attempts while the server is away, each up to a half longer. */
const pauses = [100, 300, 900];

/** Questions to one bucket. A reader waits a moment for a server that is away, and then says so. */
export class FluxSource {
  readonly bucket: string;
  /** For messages. */
  readonly place: string;
  readonly #connection: InfluxConnection;

  constructor(connection: InfluxConnection) {
    const { url, org, bucket } = connection.at;
    this.bucket = bucket;
    this.place = `${url}, bucket '${bucket}' of '${org}'`;
    this.#connection = connection;
  }

  /**
   * Has a new sink take the whole answer to a query, at every attempt.
   * @throws InfluxError
   */
  async ask<Sink extends PointSink>(flux: string, makeSink: () => Sink): Promise<Sink> {
    for (let attempt = 0; ; attempt++) {
      try {
        const sink = makeSink();
        const response = new CsvResponse(sink);
        for await (const piece of this.#connection.query(flux)) response.push(piece);
        this.#requireWhole(response);
        return sink;
      } catch (error) {
        if (!(error instanceof InfluxError) || error.kind !== 'away' || attempt === pauses.length) throw error;
        await wait(pauses[attempt] * (1 + Math.random() / 2));
      }
    }
  }

  #requireWhole(response: CsvResponse): void {
    const said = response.failure ?? (response.isWhole ? undefined : 'the answer was cut short');
    if (said === undefined) return;
    throw new InfluxError('away', 'STORE_UNAVAILABLE', `InfluxDB gave up a query: ${said}`, { said, place: this.place, cause: undefined });
  }
}
