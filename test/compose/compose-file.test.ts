import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastify from 'fastify';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { repository, temporaryFolder } from '../house/temporary-clone.ts';
import { composeFile, composeText, type Service, variables } from './compose-file.ts';
import { settingsIn } from './environment-file.ts';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');
const services = Object.entries(composeFile().services);
const dockerfile = read('Dockerfile');
/** The names that .env.example explains, with what it sets them to. */
const example = settingsIn(join(repository, '.env.example'));

describe('docker-compose.yml and the Compose specification', () => {
  const server = fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, strict: false, allErrors: true } } });
  const { $schema, ...schema } = JSON.parse(read('test/compose/fixtures/compose-spec.json')) as Record<string, unknown>;
  server.post('/', { bodyLimit: 1 << 20, schema: { body: schema } }, () => 'valid');
  afterAll(() => server.close());
  const verdict = async (file: unknown): Promise<string> => (await server.inject({ method: 'POST', url: '/', payload: file as object })).body;

  it('is of its draft 7, which the validator knows', () => {
    expect($schema).toBe('https://json-schema.org/draft-07/schema');
  });

  it('keeps to it', async () => {
    expect(await verdict(composeFile())).toBe('valid');
  });

  type Changed = { services: Record<string, Record<string, unknown>> } & Record<string, unknown>;
  it.each<[string, (file: Changed) => void]>([
    ['a misspelt key', ({ services: { kafka } }) => Object.assign(kafka, { volume: [] })],
    ['a condition that there is not', ({ services: { processor } }) => Object.assign(processor, { depends_on: { kafka: { condition: 'healthy' } } })],
    ['a health check without a test that is a command', ({ services: { influxdb } }) => Object.assign(influxdb, { healthcheck: { test: 3 } })],
    ['capabilities that are not a list', ({ services: { init } }) => Object.assign(init, { cap_drop: 'ALL' })],
    ['an unknown part of the file', (file) => Object.assign(file, { service: {} })],
    ['a variable that is a list', ({ services: { kafka } }) => Object.assign(kafka.environment as object, { KAFKA_NODE_ID: [1] })],
  ])('is refused by it with %s', async (_, change) => {
    const file = structuredClone(composeFile()) as unknown as Changed;
    change(file);
    expect(JSON.parse(await verdict(file))).toMatchObject({ statusCode: 400 });
  });
});

describe('the containers', () => {
  it('are of pinned images, or built here from one', () => {
    for (const [name, { image, build }] of services) {
      if (build === undefined) expect(image, name).toMatch(/^[a-z/]+:\d+\.\d+\.\d+(-[a-z]+)?$/);
      else expect({ image, build }, name).toEqual({ image: 'sluice:local', build: '.' });
    }
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(images.length).toBeGreaterThan(0);
    for (const image of images) expect(image).toMatch(/^node:20\.(19|[2-9]\d)\.\d+-\w+-slim$/);
  });

  it('are published on the loopback only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports).toHaveLength(7);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z]+_PORT:-(\d+)\}:\1$/);
  });

  it.each(services)('%s cannot write outside its volumes, gains no rights, and fills no disk with its log', (_, service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.logging.options).toMatchObject({ 'max-size': '10m', 'max-file': '3' });
    expect(service.tmpfs.some((mount) => mount.split(':')[0] === '/tmp')).toBe(true);
    expect(service.stop_grace_period).toMatch(/^(30s|1m)$/);
    expect(service).not.toHaveProperty('privileged');
  });

  it('run as a user that is not root', () => {
    expect(dockerfile.lastIndexOf('\nUSER node\n')).toBeGreaterThan(dockerfile.lastIndexOf('\nFROM'));
    // Kafka's image has a user of its own; InfluxDB's begins as root. The others are the user whose files hold the tokens: node of our own image.
    const users = services.filter(([, { user }]) => user !== undefined).map(([name, { user }]) => [name, user]);
    expect(users).toEqual(['influxdb', 'telegraf', 'grafana', 'chronograf'].map((name) => [name, '1000:1000']));
  });

  it('start again when they fail, but for the one that runs once', () => {
    const policies = Object.fromEntries(services.map(([name, { restart }]) => [name, restart]));
    const always = Object.fromEntries(
      ['kafka', 'influxdb', 'processor', 'simulator', 'playground', 'telegraf', 'grafana', 'chronograf'].map((name) => [name, 'unless-stopped']),
    );
    expect(policies).toEqual({ ...always, init: 'no', producer: 'on-failure' });
  });

  it('of a profile are started when it is asked for', () => {
    const profiles = services.flatMap(([name, { profiles = [] }]) => profiles.map((profile) => [profile, name]));
    expect(profiles).toEqual(['simulator', 'playground'].map((name) => ['playground', name]));
    expect(read('scripts/stack-up.sh')).not.toContain('playground');
  });

  it('wait for what they need to be of use, not for it to be started', () => {
    const needs = Object.fromEntries(
      services.map(([name, { depends_on = {} }]) => [name, Object.fromEntries(Object.entries(depends_on).map(([on, { condition }]) => [on, condition]))]),
    );
    const visitor = { influxdb: 'service_healthy', init: 'service_completed_successfully' };
    expect(needs).toEqual({
      kafka: {},
      influxdb: {},
      init: { influxdb: 'service_healthy' },
      producer: { kafka: 'service_healthy' },
      processor: { kafka: 'service_healthy', influxdb: 'service_healthy', init: 'service_completed_successfully' },
      simulator: { kafka: 'service_healthy' },
      playground: { kafka: 'service_healthy', influxdb: 'service_healthy', init: 'service_completed_successfully' },
      telegraf: visitor,
      grafana: visitor,
      chronograf: visitor,
    });
    const { kafka, influxdb, init, producer, processor, simulator, playground, grafana, chronograf } = composeFile().services;
    for (const { healthcheck } of [kafka, influxdb, simulator, playground, grafana, chronograf]) expect(healthcheck?.test?.[0]).toMatch(/^CMD/);
    expect(processor.healthcheck, "the image's").toBeUndefined();
    expect(dockerfile).toMatch(/^HEALTHCHECK .*\/healthz/m);
    for (const { healthcheck } of [init, producer]) expect(healthcheck, 'serves nothing').toEqual({ disable: true });
  });

  it('keep what they hold in named volumes that are declared and used', () => {
    const named = services.flatMap(([, service]) => (service.volumes ?? []).map((volume) => volume.split(':')[0])).filter((source) => !source.startsWith('.'));
    expect(new Set(named)).toEqual(new Set(Object.keys(composeFile().volumes)));
    for (const [name, { volumes = [] }] of services)
      for (const [source, , mode] of volumes.map((volume) => volume.split(':')))
        if (source.startsWith('.')) {
          expect(mode, `${name} ${source}`).toBe('ro');
          expect(existsSync(join(repository, source)), source).toBe(true);
        }
  });

  it('reach one another only where they have to', () => {
    const networks = Object.fromEntries(services.map(([name, service]) => [name, service.networks]));
    expect(networks).toEqual({
      kafka: ['bus'],
      influxdb: ['store'],
      init: ['store'],
      producer: ['bus'],
      processor: ['bus', 'store'],
      simulator: ['bus'],
      playground: ['bus', 'store'],
      telegraf: ['store'],
      grafana: ['store'],
      chronograf: ['store'],
    });
    expect(Object.keys(composeFile().networks)).toEqual(['bus', 'store']);
  });
});

describe('secrets', () => {
  const secret = /TOKEN|PASSWORD|SECRET|INCIDENT_WEBHOOK/;
  /** Of servers that there need not be. */
  const optional = ['GF_SMTP_PASSWORD', 'SLUICE_INCIDENT_WEBHOOK', 'MAIL_PASSWORD'];

  it('are in no file: only asked for, with what makes them', () => {
    for (const [name, { environment = {} }] of services)
      for (const [variable, value] of Object.entries(environment))
        if (secret.test(variable) && !optional.includes(variable))
          expect(value, `${name} ${variable}`).toMatch(/^\$\{[A-Z_]+:\?is missing, sh run\.sh --stack makes it\}$/);
    const { grafana, processor } = composeFile().services;
    for (const name of optional) expect({ ...grafana.environment, ...processor.environment }[name]).toBe(`\${${name}:-}`);
    for (const [name, value] of Object.entries(example)) if (secret.test(name)) expect(value, name).toBe('');
  });

  it('go to who needs them', () => {
    const given = ({ environment = {} }: Service): string[] => Object.keys(environment).filter((name) => /INFLUX|SLUICE|^MAIL/.test(name));
    const table = Object.fromEntries(services.map(([name, service]) => [name, given(service)]));
    const buckets = ['INFLUX_URL', 'INFLUX_ORG', 'INFLUX_BUCKET', 'INFLUX_MONITORING_BUCKET', 'INFLUX_HISTORY_BUCKET'];
    expect(table).toEqual({
      kafka: [],
      influxdb: [],
      init: [...buckets, 'INFLUX_OPERATOR_TOKEN', 'INFLUX_ADMIN_PASSWORD'],
      producer: [],
      processor: ['INFLUX_URL', 'INFLUX_ORG', 'INFLUX_BUCKET', 'SLUICE_TOKEN', 'SLUICE_INCIDENT_WEBHOOK', 'MAIL_USER', 'MAIL_PASSWORD', 'SLUICE_ENV_FILE'],
      simulator: ['SLUICE_TOKEN'],
      playground: ['INFLUX_URL', 'INFLUX_ORG', 'INFLUX_BUCKET', 'SLUICE_TOKEN', 'SLUICE_ENV_FILE'],
      telegraf: ['INFLUX_URL', 'INFLUX_ORG', 'INFLUX_MONITORING_BUCKET', 'SLUICE_METRICS_URL'],
      grafana: [...buckets, 'SLUICE_ALERT_WEBHOOK', 'SLUICE_ALERT_EMAIL'],
      chronograf: ['INFLUX_URL', 'INFLUX_ORG', 'INFLUX_MONITORING_BUCKET'],
    });
    const mounts = (volume: string): string[] =>
      services.flatMap(([name, { volumes = [] }]) =>
        volumes.filter((mount) => mount.startsWith(`${volume}:`)).map((mount) => `${name} ${mount.split(':')[2] ?? 'rw'}`),
      );
    expect(mounts('tokens')).toEqual(['init rw']);
    expect(mounts('writer')).toEqual(['init rw', 'processor ro', 'playground ro']);
    expect(mounts('reader')).toEqual(['init rw', 'grafana ro', 'chronograf ro']);
    expect(mounts('telegraf')).toEqual(['init rw', 'telegraf ro']);
    // A token of a file goes into the program's environment, and the program takes the shell's place.
    for (const [name, token] of Object.entries({ telegraf: 'telegraf', grafana: 'reader', chronograf: 'reader' }))
      expect(composeFile().services[name].entrypoint?.join(' ')).toMatch(
        new RegExp(`^sh -c set -a && \\. /var/lib/sluice/${token}/stack\\.env && set \\+a && exec \\S`),
      );
  });

  it('are nowhere that belongs to the machine: no folder of it is mounted but those of this repository', () => {
    for (const [name, { volumes = [] }] of services) for (const volume of volumes) expect(volume, name).not.toMatch(/^[/~]/);
  });

  it('stay out of the image and out of git', () => {
    expect(read('.dockerignore').split('\n')).toEqual(expect.arrayContaining(['.env', '.env.*', '.git', '.sluice']));
    expect(execFileSync('git', ['check-ignore', '.env'], { cwd: repository, encoding: 'utf8' })).toBe('.env\n');
  });
});

describe('Grafana', () => {
  const { environment = {}, volumes = [] } = composeFile().services.grafana;

  it('asks everybody who he is, with a password of its own making, and asks nobody outside for anything', () => {
    const no = [
      ...['GF_AUTH_ANONYMOUS_ENABLED', 'GF_USERS_ALLOW_SIGN_UP', 'GF_USERS_ALLOW_ORG_CREATE', 'GF_ANALYTICS_REPORTING_ENABLED'],
      ...['GF_ANALYTICS_CHECK_FOR_UPDATES', 'GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES', 'GF_NEWS_NEWS_FEED_ENABLED', 'GF_SNAPSHOTS_EXTERNAL_ENABLED'],
    ];
    expect(environment).toMatchObject({
      ...Object.fromEntries(no.map((name) => [name, 'false'])),
      ...Object.fromEntries(['GF_SECURITY_DISABLE_GRAVATAR', 'GF_PLUGINS_PREINSTALL_DISABLED'].map((name) => [name, 'true'])),
      GF_SECURITY_ADMIN_USER: 'sluice',
      GF_UNIFIED_ALERTING_ENABLED: 'true',
    });
  });

  it('has its data where its volume is, and boards and alerts from the repository', () => {
    const places = volumes.map((volume) => volume.split(':')[1]);
    expect(places).toContain(environment.GF_PATHS_DATA);
    expect(volumes).toContain('./grafana/provisioning:/etc/grafana/provisioning:ro');
    expect(environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH).toBe('/etc/grafana/provisioning/dashboards/sluice-start.json');
  });
});

describe('Chronograf', () => {
  it('asks nobody outside for anything: set to nothing, the address of its news takes the place of the default', () => {
    expect(composeFile().services.chronograf.environment).toMatchObject({ REPORTING_DISABLED: 'true', STATUS_FEED_URL: '' });
  });
});

describe('variables', () => {
  const asked = variables(composeText);

  it('are explained in .env.example, with the values that hold without them', () => {
    expect(asked.length).toBeGreaterThan(8);
    const pipeline = ['swat-kafka', 'playground-kafka'].flatMap((name) => variables(read(`pipelines/${name}.yaml`).replace(/^#.*/gm, '')));
    for (const { name, fallback } of [...asked, ...pipeline]) expect(example[name], name).toBe(fallback ?? '');
  });

  it('that are needed are those that the script makes', () => {
    const file = join(temporaryFolder('secrets'), '.env');
    execFileSync('sh', [join(repository, 'scripts/stack-secrets.sh'), 'make', file], { stdio: 'pipe', env: { PATH: process.env.PATH ?? '' } });
    expect(Object.keys(settingsIn(file)).sort()).toEqual([...new Set(asked.filter(({ required }) => required).map(({ name }) => name))].sort());
  });
});

describe('the image', () => {
  it('copies only what there is', () => {
    const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: repository, encoding: 'utf8' }).split('\0');
    const sources = [...dockerfile.matchAll(/^COPY (?:--from=build )?(.+)$/gm)].flatMap(([, rest]) => rest.split(' ').slice(0, -1));
    for (const source of sources) {
      const name = source.replace(/^\/app\//, '');
      if (name === '.' || name === 'node_modules' || name === 'dist') continue;
      expect(
        tracked.some((file) => file === name || file.startsWith(`${name}/`)),
        name,
      ).toBe(true);
    }
    expect(sources.length).toBeGreaterThan(8);
  });

  it('holds every script that a container is started with, and the folders that volumes are put on', () => {
    const scripts = services.flatMap(([, { entrypoint = [] }]) => entrypoint.filter((word) => word.startsWith('scripts/')));
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) expect(dockerfile).toMatch(new RegExp(`^COPY --from=build .*/app/${script} `, 'm'));
    const own = services.filter(([, { build }]) => build !== undefined).flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')));
    for (const [source, target] of own)
      if (!source.startsWith('.')) {
        expect(target).toBe(`/var/lib/sluice/${source}`);
        expect(dockerfile).toMatch(new RegExp(`for name in [a-z ]*\\b${source}\\b[a-z ]*; do mkdir -p -m 700 /var/lib/sluice/\\$name;`));
      }
    expect(dockerfile).toMatch(/&& chown -R node:node \.sluice \/var\/lib\/sluice$/m);
  });
});

describe('.github/workflows/stack.yml', () => {
  const workflow = parse(read('.github/workflows/stack.yml')) as {
    permissions: unknown;
    jobs: Record<string, { 'timeout-minutes': number; steps: { uses?: string; run?: string; if?: string }[] }>;
  };
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  it('may read the code and nothing else, uses pinned actions, and ends', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/@(v\d+(\.\d+)*|[0-9a-f]{40})$/);
    for (const job of Object.values(workflow.jobs)) expect(job['timeout-minutes']).toBeLessThanOrEqual(40);
  });

  it('starts the stack as a user does, counts its rows, shows the logs of a failure and clears up', () => {
    const commands = steps.map(({ run = '' }) => run);
    const at = (pattern: RegExp): number => commands.findIndex((command) => pattern.test(command));
    expect(at(/^sh run\.sh --stack$/m)).toBeGreaterThanOrEqual(0);
    expect(at(/stack-rows\.sh 14400/)).toBeGreaterThan(at(/run\.sh --stack/));
    expect(steps[at(/compose logs/)].if).toBe('failure()');
    expect(steps[at(/compose down --volumes/)].if).toBe('always()');
    expect(at(/stack-boards\.sh/)).toBeGreaterThan(at(/stack-rows\.sh 14400 900/));
    for (const script of commands.flatMap((command) => command.match(/scripts\/[\w-]+\.sh/g) ?? []))
      expect(existsSync(join(repository, script)), script).toBe(true);
  });
});

describe('docs/stack.md', () => {
  const page = read('docs/stack.md');

  it('names only commands, scripts and variables that there are', () => {
    const commands = readdirSync(join(repository, 'cli/commands')).map((file) => file.replace(/\.ts$/, ''));
    for (const [, command] of page.matchAll(/\.\/sluice +([a-z]+)/g)) expect(commands).toContain(command);
    for (const [script] of page.matchAll(/scripts\/[\w-]+\.sh/g)) expect(existsSync(join(repository, script)), script).toBe(true);
    for (const [, name] of page.matchAll(/`((?:INFLUX|KAFKA|SLUICE|GRAFANA|CHRONOGRAF|GF|TELEGRAF)_[A-Z_]+)`/g)) expect(Object.keys(example)).toContain(name);
  });

  it('lists every volume, and every port with the variable that moves it', () => {
    for (const volume of Object.keys(composeFile().volumes)) expect(page).toContain(`| \`sluice_${volume}\` |`);
    for (const port of services.flatMap(([, service]) => service.ports ?? [])) {
      const [{ name, fallback }] = variables(port);
      expect(page).toMatch(new RegExp(`^\\| .*127\\.0\\.0\\.1:${fallback} \\| \`${name}\``, 'm'));
    }
  });

  it('runs Kafka and InfluxDB of the versions that the containers are of', () => {
    for (const image of ['kafka', 'influxdb']) expect(page).toContain(`[${/:(\d+\.\d+\.\d+)/.exec(composeFile().services[image].image)?.[1]}]`);
  });
});
