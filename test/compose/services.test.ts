import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../house/temporary-clone.ts';
import { influxRequest } from '../stack/influx-access.ts';
import { haveJars, kafkaJars, quickJvm } from '../stack/kafka-jars.ts';
import { prepareKafka } from '../stack/kafka-server.ts';
import { java17, onPath } from '../stack/programs.ts';
import { freePort, ServerProcess, serverFolder } from '../stack/server-process.ts';
import { composeFile, type Service } from './compose-file.ts';
import { settingsIn } from './environment-file.ts';
import { healthCheck, inRepository, instruction, onThisMachine, type Places, placed } from './places.ts';

const { services } = composeFile();
const dockerfile = readFileSync(inRepository('Dockerfile'), 'utf8');
const rows = 14_400;
/** Of the sample's first and last row, a second apart from one to the next. */
const sampleTimes = [Date.UTC(2015, 11, 28, 2), Date.UTC(2015, 11, 28, 2) + (rows - 1) * 1000];
const influxd = process.env.INFLUXD_BIN || onPath('influxd');
const telegraf = process.env.TELEGRAF_BIN || onPath('telegraf');
const run = promisify(execFile);

const missing = [
  ...(java17() !== undefined && (haveJars() || onPath('mvn') !== undefined) ? [] : ['install Java 17+ and Maven']),
  ...(influxd === undefined ? ['set INFLUXD_BIN or install influxd'] : []),
  ...(telegraf === undefined ? ['set TELEGRAF_BIN or install telegraf'] : []),
  ...(onPath('curl') === undefined ? ['install curl'] : []),
];

function body(): void {
  const folder = serverFolder('compose');
  let places: Places;
  let kafka: ServerProcess;
  let influx: ServerProcess;
  const file = (...path: string[]): string => join(folder.path, ...path);
  const tokensFile = (): string => file('sluice/tokens/stack.env');
  const handed = { writer: 'INFLUX_TOKEN', reader: 'INFLUX_READER_TOKEN', telegraf: 'INFLUX_TELEGRAF_TOKEN' };
  const tokens = (): Record<string, string> => settingsIn(tokensFile());
  const path = (): Record<string, string> => ({ PATH: process.env.PATH ?? '', HOME: folder.path });
  const entrypoint = instruction(dockerfile, /^ENTRYPOINT (.*)$/m);

  beforeAll(async () => {
    if (missing.length > 0) throw new Error(missing.join('; '));
    await prepareKafka();
    const jars = await kafkaJars();
    const java = [java17()?.program as string, ...quickJvm()];
    // Secrets as run.sh makes them.
    await run('sh', [inRepository('scripts/stack-secrets.sh'), 'make', file('.env')]);
    const settings = settingsIn(file('.env'));
    const ports = {
      kafka: await freePort(),
      kafkaOnHost: await freePort(),
      controller: await freePort(),
      influx: await freePort(),
      page: await freePort(),
      simulator: await freePort(),
      playground: await freePort(),
    };
    places = { ports, folder: folder.path, settings };
    for (const name of ['kafka/data', 'influxdb2', 'sluice/tokens', 'default', 'mounted', 'config', 'programs']) mkdirSync(file(name), { recursive: true });
    for (const volume of Object.keys(handed)) mkdirSync(file('sluice', volume), { recursive: true });
    symlinkSync(resolve(telegraf as string), file('programs/telegraf'));

    // What the image does at each start, by the same class: variables to settings, and the storage made.
    for (const name of ['log4j2.yaml', 'tools-log4j2.yaml']) writeFileSync(file('default', name), logging);
    const { environment } = onThisMachine(services.kafka, places);
    const folders = { 'default-configs-dir': 'default', 'mounted-configs-dir': 'mounted', 'final-configs-dir': 'config' };
    const setUp = Object.entries(folders).flatMap(([option, name]) => [`--${option}`, file(name)]);
    await run(java[0], [...java.slice(1), '-cp', `${jars}/*`, 'kafka.docker.KafkaDockerWrapper', 'setup', ...setUp], { env: { ...path(), ...environment } });

    const healthyKafka = [...java, '-cp', `${jars}/*`, 'org.apache.kafka.tools.BrokerApiVersionsCommand'];
    const [check] = healthCheck(services.kafka, places);
    const script = '/opt/kafka/bin/kafka-broker-api-versions.sh';
    expect(check).toContain(script);
    const heap = environment.KAFKA_HEAP_OPTS.split(' ');
    const logged = `-Dlog4j2.configurationFile=${file('config/log4j2.yaml')}`;
    kafka = new ServerProcess({
      command: [...java, ...heap, logged, '-cp', `${jars}/*`, 'kafka.Kafka', file('config/server.properties')],
      folder,
      ready: () => run('sh', ['-c', check.replace(script, `'${healthyKafka.join("' '")}'`)]),
    });
    const { command } = onThisMachine(services.influxdb, places);
    expect(command[0]).toBe('influxd');
    influx = new ServerProcess({
      command: [influxd as string, ...command.slice(1)],
      folder: serverFolder('compose-log'),
      ready: async () => {
        const [program, ...args] = healthCheck(services.influxdb, places);
        // The container's wget is that of busybox; curl is asked the same.
        expect([program, ...args.slice(0, -1)]).toEqual(['wget', '-q', '-O', '/dev/null']);
        await run('curl', ['-fsS', '-o', '/dev/null', args.at(-1) as string]);
      },
    });
    await Promise.all([kafka.start(), influx.start()]);
  });

  afterAll(async () => {
    await influx?.close();
    await kafka?.close();
  });

  const initialise = () => {
    const { command, environment } = onThisMachine(services.init, places);
    return spawnSync(command[0], command.slice(1), { cwd: inRepository(), encoding: 'utf8', env: { ...path(), ...environment } });
  };
  const url = (): string => `http://127.0.0.1:${places.ports.influx}`;

  it('Kafka is given by its variables what they say', () => {
    const settings = readFileSync(file('config/server.properties'), 'utf8').split('\n');
    expect(settings).toEqual(
      expect.arrayContaining([
        `advertised.listeners=INTERNAL://127.0.0.1:${places.ports.kafka},HOST://127.0.0.1:${places.ports.kafkaOnHost}`,
        'process.roles=broker,controller',
        'auto.create.topics.enable=false',
        'offsets.topic.replication.factor=1',
        'transaction.state.log.min.isr=1',
      ]),
    );
    expect(existsSync(file('kafka/data/meta.properties'))).toBe(true);
  });

  it('init sets the empty server up and leaves each service one token', () => {
    const { status, stdout, stderr } = initialise();
    expect(status, stderr).toBe(0);
    const { INFLUX_TOKEN, INFLUX_READER_TOKEN, INFLUX_TELEGRAF_TOKEN } = tokens();
    expect(new Set([INFLUX_TOKEN, INFLUX_READER_TOKEN, INFLUX_TELEGRAF_TOKEN, places.settings.INFLUX_OPERATOR_TOKEN]).size).toBe(4);
    const files = Object.entries(handed).map(([volume, name]) => [file('sluice', volume, 'stack.env'), name]);
    for (const [path, name] of files) expect(readFileSync(path, 'utf8')).toBe(`${name}=${tokens()[name]}\n`);
    for (const [path] of [[tokensFile()], ...files]) expect(statSync(path).mode & 0o777).toBe(0o600);
    for (const secret of [INFLUX_TOKEN, INFLUX_READER_TOKEN, INFLUX_TELEGRAF_TOKEN, ...Object.values(places.settings)])
      expect(stdout + stderr).not.toContain(secret);
  });

  it('init run again changes nothing', () => {
    const before = readFileSync(tokensFile(), 'utf8');
    const { status, stderr } = initialise();
    expect(status, stderr).toBe(0);
    expect(readFileSync(tokensFile(), 'utf8')).toBe(before);
  });

  it("the processor's token and the reader's open no more than they need", async () => {
    const { INFLUX_TOKEN, INFLUX_READER_TOKEN } = tokens();
    const point = 'sensors,stream=none x=1 1';
    const write = async (token: string): Promise<number> =>
      (await fetch(`${url()}/api/v2/write?org=sluice&bucket=plant`, { method: 'POST', headers: { Authorization: `Token ${token}` }, body: point })).status;
    expect(await write(INFLUX_READER_TOKEN)).toBe(403);
    for (const token of [INFLUX_TOKEN, INFLUX_READER_TOKEN]) {
      await expect(influxRequest({ url: url(), token }, 'POST', '/api/v2/buckets', { name: 'more' })).rejects.toThrow(/ 40[013]/);
      const { authorizations } = await influxRequest<{ authorizations: unknown[] }>({ url: url(), token }, 'GET', '/api/v2/authorizations');
      expect(authorizations).toEqual([]);
    }
    const { buckets } = await influxRequest<{ buckets: { name: string }[] }>({ url: url(), token: INFLUX_TOKEN }, 'GET', '/api/v2/buckets');
    expect(buckets.map(({ name }) => name)).toEqual(['plant']);
  });

  it('the producer sends the sample, the processor writes every row, scripts/stack-rows.sh counts them, and Telegraf sees them all', async () => {
    const start = (name: 'producer' | 'processor' | 'telegraf', ...more: string[]) => {
      const { command, environment } = onThisMachine(services[name], places, entrypoint);
      const env = { ...path(), ...environment, ...(name === 'telegraf' ? { PATH: `${file('programs')}:${process.env.PATH}` } : {}) };
      const child = spawn(command[0], [...command.slice(1), ...more], { cwd: inRepository(), env });
      let said = '';
      child.stdout.on('data', (text) => (said += text));
      child.stderr.on('data', (text) => (said += text));
      return { child, ended: once(child, 'exit').then(([code, signal]) => ({ status: code ?? signal, said })), said: () => said };
    };
    const processor = start('processor', '--set', `serve.port=${places.ports.page}`);
    const watcher = start('telegraf');
    try {
      const producer = await start('producer', '--pace', 'max').ended;
      expect(producer.status, producer.said).toBe(0);
      const counted = await run('sh', [inRepository('scripts/stack-rows.sh'), String(rows), '120'], {
        env: { ...path(), INFLUX_URL: url(), INFLUX_READER_TOKEN: tokens().INFLUX_READER_TOKEN },
      }).catch((error: Error) => {
        throw new Error(`${error.message}\n${processor.said()}`);
      });
      expect(counted.stdout).toBe(`${rows} rows\n`);
      // The image's own check, which is the processor's.
      const [program, ...args] = instruction(dockerfile, /^HEALTHCHECK .*? CMD (.*)$/m).map((word) => placed(word, places));
      await run(program, args);
      const looked = await boards('40').catch((error: Error) => error as unknown as { stdout: string });
      const lines = looked.stdout.trimEnd().split('\n');
      for (const what of ['cpu', 'mem', 'disk', 'system', "Sluice's own figures", "InfluxDB's own figures"])
        expect(lines, watcher.said()).toContain(`ok     Telegraf writes ${what}`);
      watcher.child.kill('SIGTERM');
      expect((await watcher.ended).status).toBe(0);
      processor.child.kill('SIGTERM');
      const { status, said } = await processor.ended;
      expect(status, said).toBe(0);
      expect(said).toContain('INCIDENT');
    } finally {
      processor.child.kill('SIGKILL');
      watcher.child.kill('SIGKILL');
    }
  });

  it('tokens that are rotated as the manual says reach every service, and the old ones open nothing', async () => {
    const before = tokens();
    const { environment } = onThisMachine(services.init, places);
    await run('./sluice', ['init', 'influxdb', '--rotate', '--env-file', tokensFile()], { cwd: inRepository(), env: { ...path(), ...environment } });
    expect(initialise().status).toBe(0);
    const status = async (token: string): Promise<number> => (await fetch(`${url()}/api/v2/buckets`, { headers: { Authorization: `Token ${token}` } })).status;
    for (const [volume, name] of Object.entries(handed)) {
      expect(tokens()[name]).not.toBe(before[name]);
      expect(readFileSync(file('sluice', volume, 'stack.env'), 'utf8')).toBe(`${name}=${tokens()[name]}\n`);
      expect([await status(before[name]), await status(tokens()[name])]).toEqual([401, 200]);
    }
  });

  const asked = (): Record<string, string> => ({ ...path(), INFLUX_URL: url(), INFLUX_READER_TOKEN: tokens().INFLUX_READER_TOKEN });
  /** Nothing listens where Grafana and Chronograf would. */
  const boards = (seconds: string) =>
    run('sh', [inRepository('scripts/stack-boards.sh'), seconds], {
      env: { ...asked(), ...places.settings, GRAFANA_URL: 'http://127.0.0.1:1', CHRONOGRAF_PORT: '1' },
    });

  it('scripts/stack-boards.sh tells once what does not answer, and keeps secrets to itself', async () => {
    const { code, stdout, stderr } = await boards('0').then(
      () => expect.fail('it did not notice that there is no Grafana'),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    expect(code).toBe(4);
    const lines = stdout.trimEnd().split('\n');
    expect([lines.at(0), lines.at(-1)]).toEqual(['ok     InfluxDB answers', 'wrong  Grafana answers']);
    expect(stderr).toMatch(
      /^sluice: Grafana does not answer at http:\/\/127\.0\.0\.1:1, so nothing more was asked\. .*docker compose up --detach grafana.*\n$/,
    );
    for (const secret of [...Object.values(tokens()), ...Object.values(places.settings)]) if (secret.length > 30) expect(stdout + stderr).not.toContain(secret);
  });

  it('scripts/stack-links.sh links to the boards at the time of the rows, and without it where there are none', () => {
    const links = (env: Record<string, string>) =>
      spawnSync('sh', [inRepository('scripts/stack-links.sh')], { encoding: 'utf8', env: { ...asked(), GRAFANA_URL: 'http://g:3/', ...env } });
    const { status, stdout, stderr } = links({});
    expect(status, stderr).toBe(0);
    const [first, last] = sampleTimes;
    expect(stdout.match(/^ {2}board start +(.*)$/m)?.[1]).toBe(`http://g:3/d/sluice-start?from=${first}&to=${last}`);
    expect(stdout).toMatch(/^ {2}board health +http:\/\/g:3\/d\/sluice-health$/m);
    for (const env of [{ INFLUX_BUCKET: 'monitoring' }, { INFLUX_URL: 'http://127.0.0.1:1' }, { INFLUX_READER_TOKEN: 'wrong' }])
      expect(links(env)).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^ {2}board start +http:\/\/g:3\/d\/sluice-start$/m) });
  });

  it('scripts/stack-backup.sh makes a copy that the stack goes on from when all of it is lost', async () => {
    // Docker is stood in for by what it does to volumes: a shell beside the folder of one.
    const place = temporaryFolder('backup');
    mkdirSync(join(place, 'scripts'));
    for (const script of ['scripts/stack-backup.sh', 'scripts/stack-docker.sh']) cpSync(inRepository(script), join(place, script));
    const volumes = new Map<string, string>();
    for (const { volumes: mounts = [] } of Object.values(services))
      for (const [source, target] of mounts.map((mount) => mount.split(':'))) if (!source.startsWith('.')) volumes.set(source, placed(target, places));
    const cases = [...volumes].map(([volume, target]) => `sluice_${volume}:/volume) at='${target}' ;;`).join('\n');
    const docker = `#!/bin/sh
echo "$*" >>'${place}/docker.log'
[ "$1" = run ] || exit 0
for word in "$@"; do
case $word in
${cases}
esac
done
exec sh -c "$(printf '%s' "$word" | sed "s#/volume#$at#g")"
`;
    writeFileSync(file('programs/docker'), docker, { mode: 0o755 });
    const backup = (...args: string[]) =>
      spawnSync('sh', ['scripts/stack-backup.sh', ...args], { cwd: place, encoding: 'utf8', env: { PATH: `${file('programs')}:${process.env.PATH}` } });
    const stopped = async (todo: () => void): Promise<void> => {
      await Promise.all([kafka.stop(), influx.stop()]);
      todo();
      await Promise.all([kafka.start(), influx.start()]);
    };
    const counted = (): string => spawnSync('sh', [inRepository('scripts/stack-rows.sh')], { encoding: 'utf8', env: asked() }).stdout;
    const incidents = async (): Promise<string> => {
      const env = { ...path(), INFLUX_URL: url(), SLUICE_ENV_FILE: tokensFile(), KAFKA_BROKERS: `127.0.0.1:${places.ports.kafka}` };
      return (await run('./sluice', ['query', 'incidents', 'pipelines/swat-kafka.yaml', '--json'], { cwd: inRepository(), env })).stdout;
    };
    for (const target of volumes.values()) mkdirSync(target, { recursive: true });
    writeFileSync(file('sluice/grafana/grafana.db'), 'boards');
    cpSync(file('.env'), join(place, '.env'));
    const [env, before, found] = [readFileSync(file('.env'), 'utf8'), tokens(), await incidents()];
    expect(JSON.parse(found).length ?? found.length).toBeGreaterThan(0);

    await stopped(() => expect(backup('make', 'copy')).toMatchObject({ status: 0, stdout: '' }));
    expect(readdirSync(join(place, 'copy')).sort()).toEqual([...[...volumes.keys()].map((name) => `${name}.tar`), 'env'].sort());
    for (const name of readdirSync(join(place, 'copy'))) expect(statSync(join(place, 'copy', name)).mode & 0o777).toBe(0o600);
    expect(backup('make', 'copy')).toMatchObject({ status: 2, stderr: expect.stringContaining('holds a backup already') });

    await stopped(() => {
      for (const target of volumes.values()) rmSync(target, { recursive: true });
      for (const target of volumes.values()) mkdirSync(target, { recursive: true });
      writeFileSync(file('influxdb2/other'), 'of another server');
      writeFileSync(join(place, '.env'), 'INFLUX_OPERATOR_TOKEN=another\n');
      expect(backup('restore', 'nothing')).toMatchObject({ status: 2, stderr: expect.stringContaining('Nothing was changed') });
      expect(backup('restore', 'copy')).toMatchObject({ status: 0, stdout: '' });
    });
    expect(existsSync(file('influxdb2/other'))).toBe(false);
    expect(readFileSync(file('sluice/grafana/grafana.db'), 'utf8')).toBe('boards');
    expect(readFileSync(join(place, '.env'), 'utf8')).toBe(env);
    expect(readFileSync(join(place, '.env.before'), 'utf8')).toBe('INFLUX_OPERATOR_TOKEN=another\n');
    expect(tokens()).toEqual(before);
    expect(counted()).toBe(`${rows}\n`);
    expect(await incidents()).toBe(found);
    // Positions too: nothing is sent or processed a second time.
    const again = async (name: 'producer' | 'processor', ...more: string[]): Promise<string> => {
      const { command, environment } = onThisMachine(services[name], places, entrypoint);
      const { stdout, stderr } = await run(command[0], [...command.slice(1), ...more], { cwd: inRepository(), env: { ...path(), ...environment } });
      return stdout + stderr;
    };
    expect(await again('producer', '--pace', 'max')).toContain('nothing new at row 14,400: 0 rows sent');
    expect(await again('processor', '--until-end', '--set', `serve.port=${places.ports.page}`)).toContain('0 read, 0 stored');
    expect(counted()).toBe(`${rows}\n`);
  });

  it('scripts/stack-rows.sh says when there are fewer, and that it needs a token', () => {
    const count = (env: Record<string, string>, ...args: string[]) =>
      spawnSync('sh', [inRepository('scripts/stack-rows.sh'), ...args], { encoding: 'utf8', env: { ...path(), INFLUX_URL: url(), ...env } });
    const token = { INFLUX_READER_TOKEN: tokens().INFLUX_READER_TOKEN };
    expect(count(token, String(rows + 1), '0')).toMatchObject({ status: 1, stderr: `sluice: ${rows} of ${rows + 1} rows after 0 s\n` });
    expect(count(token, String(rows - 1), '0')).toMatchObject({ status: 1, stderr: `sluice: ${rows} rows, expected ${rows - 1}\n` });
    expect(count(token)).toMatchObject({ status: 0, stdout: `${rows}\n` });
    expect(count({ INFLUX_READER_TOKEN: 'wrong' }, '1', '0').status).toBe(1);
  });

  it('the simulator starts an item for whoever has the token, the playground commands it and scores its messages, and both end in order', async () => {
    const start = (service: Service) => {
      const { command, environment } = onThisMachine(service, places, entrypoint);
      const child = spawn(command[0], command.slice(1), { cwd: inRepository(), env: { ...path(), ...environment } });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
      return { child, ended: once(child, 'exit'), said: () => said, check: healthCheck(service, places) };
    };
    const [simulator, playground] = [start(services.simulator), start(services.playground)];
    try {
      for (const { check, said } of [simulator, playground])
        await expect.poll(() => spawnSync(check[0], check.slice(1)).status, { timeout: 60_000, message: said() }).toBe(0);
      const headers = { authorization: `Bearer ${places.settings.SLUICE_TOKEN}` };
      const ask = (url: string, more: Record<string, string>) =>
        fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...more }, body: '{"mean": 10, "variance": 4, "rate": 50}' });
      const item = `http://127.0.0.1:${places.ports.simulator}/items/pump-1`;
      const page = `http://127.0.0.1:${places.ports.playground}/api`;
      for (const url of [item, `${page}/simulator/items/pump-2`]) {
        expect((await ask(url, {})).status).toBe(401);
        expect((await ask(url, headers)).status, playground.said()).toBe(201);
      }
      const stored = async (): Promise<string[]> => {
        const streams = (await (await fetch(`${page}/streams`, { headers })).json()) as { stream: string; rows: number }[];
        return streams.filter(({ stream, rows }) => stream.startsWith('pump-') && rows > 5).map(({ stream }) => stream);
      };
      await expect.poll(stored, { timeout: 60_000 }).toEqual(['pump-1', 'pump-2']);
      for (const { child, ended, said } of [simulator, playground]) {
        child.kill('SIGTERM');
        expect(await ended, said()).toEqual([0, null]);
      }
      expect(simulator.said()).toMatch(/^stopped: [\d,]+ messages sent to streamingad_simulated_data, \d+ missed$/m);
    } finally {
      simulator.child.kill('SIGKILL');
      playground.child.kill('SIGKILL');
    }
  });
}

const logging = `Configuration:
  Appenders: { Console: { name: STDOUT, PatternLayout: { pattern: "%d %p %m (%c)%n" } } }
  Loggers: { Root: { level: WARN, AppenderRef: [{ ref: STDOUT }] }, Logger: [{ name: kafka, level: WARN }] }
`;

const name = 'the services of docker-compose.yml, as processes of this machine';
if (missing.length === 0 || process.env.CI === 'true') describe(name, body);
else describe.skip(`${name} (${missing.join('; ')})`, body);
