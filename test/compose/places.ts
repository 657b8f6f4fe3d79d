import { join } from 'node:path';
import { repository } from '../house/temporary-clone.ts';
import { interpolate, type Service } from './compose-file.ts';

/** Where on this machine the containers' names, ports and folders are. */
export interface Places {
  readonly ports: {
    readonly kafka: number;
    readonly kafkaOnHost: number;
    readonly controller: number;
    readonly influx: number;
    readonly page: number;
    readonly simulator: number;
    readonly playground: number;
  };
  /** Takes the place of every folder that a volume is put on. */
  readonly folder: string;
  /** What docker compose reads from .env. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A text of docker-compose.yml or the Dockerfile as it reads on this machine. */
export function placed(text: string, { ports, folder, settings }: Places): string {
  const here = '127.0.0.1';
  const places: [RegExp, string][] = [
    [/\/\/kafka:29092|^kafka:29092|localhost:29092|\/\/0\.0\.0\.0:29092/g, `${here}:${ports.kafka}`],
    [/\/\/(127\.0\.0\.1|0\.0\.0\.0):9092/g, `${here}:${ports.kafkaOnHost}`],
    [/127\.0\.0\.1:29093/g, `${here}:${ports.controller}`],
    [/\/\/influxdb:8086|\/\/127\.0\.0\.1:8086/g, `${here}:${ports.influx}`],
    [/(?<==):8086/g, `${here}:${ports.influx}`],
    [/\/\/processor:8080/g, `${here}:${ports.page}`],
    [/127\.0\.0\.1:8080/g, `${here}:${ports.page}`],
    [/127\.0\.0\.1:8081/g, `${here}:${ports.playground}`],
    [/(?<=^serve\.port=)8081$/g, String(ports.playground)],
    [/\/\/simulator:8090/g, `${here}:${ports.simulator}`],
    [/127\.0\.0\.1:8090/g, `${here}:${ports.simulator}`],
    [/^8090$/g, String(ports.simulator)],
    [/\/var\/lib\//g, `${folder}/`],
    [/\/etc\/telegraf\//g, `${join(repository, 'telegraf')}/`],
  ];
  return places.reduce(
    (placed, [container, machine]) => placed.replace(container, (found) => (found.startsWith('//') ? `//${machine}` : machine)),
    interpolate(text, settings),
  );
}

/** The command and the variables of a service; of an image's own entry point only where the service names none. */
export function onThisMachine(
  service: Service,
  places: Places,
  entrypoint: readonly string[] = [],
): { command: string[]; environment: Record<string, string> } {
  return {
    command: [...(service.entrypoint ?? entrypoint), ...(service.command ?? [])].map((word) => placed(word, places)),
    environment: Object.fromEntries(Object.entries(service.environment ?? {}).map(([name, value]) => [name, placed(value, places)])),
  };
}

/** The command that says whether a service is of use. */
export function healthCheck({ healthcheck }: Service, places: Places): string[] {
  const [, ...command] = healthcheck?.test ?? [];
  return command.map((word) => placed(word, places));
}

/** Of the Dockerfile: what an instruction holds as JSON. */
export function instruction(dockerfile: string, pattern: RegExp): string[] {
  const [, json] = pattern.exec(dockerfile) ?? [];
  return JSON.parse(json) as string[];
}

export const inRepository = (...path: string[]): string => join(repository, ...path);
