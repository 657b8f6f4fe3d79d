import { describe, expect, it } from 'vitest';
import { settings, type Workplace, workplace } from '../command-line.ts';
import { openReceiver, type Received, type Receiver } from '../notices/receiver.ts';
import { plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { freePort } from '../stack/server-process.ts';

/** Three attacks; the second is soon after the first, the third long after. */
const lines = plantLines(4200, {
  attacks: [
    { from: 2000, to: 2060, tag: 'LIT101', value: 1200 },
    { from: 2090, to: 2140, tag: 'LIT101', value: 1200 },
    { from: 3000, to: 3080, tag: 'FIT101', value: 4.5 },
  ],
});
const plant = (outputs: string): string => plantPipeline.replace('outputs: []', `outputs: ${outputs}`);
const place = (outputs: string): Promise<Workplace> => workplace({ 'plant.csv': plantText(lines), 'plant.yaml': plant(outputs) });
const hook = ({ url }: Receiver, more = ''): string => `[{ webhook: { url: '${url}'${more} } }]`;

const keys = (received: readonly Received[]): string[] => received.map(({ body }) => body.key);
const texts = (received: readonly Received[]): string[] => [...new Set(received.map(({ text }) => text))].sort();

async function undisturbed(more = '', ...args: readonly string[]): Promise<Received[]> {
  const receiver = await openReceiver();
  await (await place(hook(receiver, more))).run('plant.yaml', ...args);
  return receiver.received;
}

describe('messages of incidents', () => {
  it('tell every change once, in order, and with what is known of it', async () => {
    const received = await undisturbed();
    expect(new Set(keys(received)).size).toBe(received.length);
    for (const { headers, body } of received) expect(headers['idempotency-key']).toBe(body.key);
    const combined = received.filter(({ body }) => body.detector === 'combined').map(({ body }) => body);
    expect(combined.map(({ event }) => event)).toEqual([
      'incident-opened',
      'incident-closed',
      'incident-continued',
      'incident-closed',
      'incident-opened',
      'incident-closed',
    ]);
    expect(combined.map(({ key }) => key.split('/').slice(1).join(' '))).toEqual(['1 opened', '2 closed', '3 continued', '4 closed', '1 opened', '2 closed']);
    const [opened, , , closed] = combined;
    expect(opened).toMatchObject({ stream: 'plant', open: true, start: '2017-07-14T03:13:24Z' });
    expect(opened.tags[0]).toMatchObject({ tag: 'LIT101', direction: 'above' });
    // The tank's level swings between 500 and 800, and the attack says 1200; the steps before the detectors clip it.
    expect(opened.tags[0].expected).toBeGreaterThan(400);
    expect(opened.tags[0].expected).toBeLessThan(opened.tags[0].actual);
    expect(closed).toMatchObject({ open: false, start: opened.start, incident: opened.incident });
    expect(Date.parse(closed.end) - Date.parse(closed.start)).toBe(closed.lengthMs);
  });

  it('are the same however rows are batched and committed', async () => {
    const more = ', cooldown: 5m, detectors: [clusters, joint, combined], ignore: [{ tag: LIT101, direction: above, within: 5 }]';
    const one = await undisturbed(more, ...settings({ 'batch.rows': 4200 }));
    expect(one.length).toBeGreaterThan(4);
    for (const rows of [1, 77]) {
      const other = await undisturbed(more, ...settings({ 'batch.rows': rows, 'commit.rows': 10 * rows }));
      expect(keys(other)).toEqual(keys(one));
      expect(texts(other)).toEqual(texts(one));
    }
  });

  it('wait for a receiver that is away while rows go on, and arrive once it is back', async () => {
    const expected = await undisturbed();
    const away = await openReceiver();
    await away.close();
    const at = await place(hook(away));
    const port = await freePort();
    const set = settings({ 'batch.rows': 100, 'commit.interval': '50ms', serve: `{port: ${port}}` });
    const run = at.start('run', 'plant.yaml', '--pace', 'max', '--json', ...set);
    await run.line(({ text }) => text.includes('end of plant.csv after 4,200 rows'));
    const ask = async (page: string): Promise<{ status: number; text: string }> => {
      const response = await fetch(`http://127.0.0.1:${port}${page}`);
      return { status: response.status, text: await response.text() };
    };
    // Nothing but its own messages waits for it.
    expect((await ask('/readyz')).status).toBe(200);
    const { text: during } = await ask('/metrics');
    expect(during).toContain(`sluice_notifications_waiting{output="webhook"} ${expected.length}\n`);
    expect(during).toContain('sluice_service_up{service="output webhook"} 0\n');
    const receiver = await openReceiver(away.port);
    await receiver.came(expected.length);
    await expect.poll(async () => (await ask('/metrics')).text).toContain('sluice_notifications_waiting{output="webhook"} 0\n');
    const { text: after } = await ask('/metrics');
    expect(after).toContain(`sluice_notifications_total{output="webhook",outcome="sent"} ${expected.length}\n`);
    expect(after).toContain('sluice_service_up{service="output webhook"} 1\n');
    run.kill('SIGINT');
    const { code, stderr } = await run.ended;
    expect(code, stderr.slice(-2000)).toBe(0);
    expect(keys(receiver.received)).toEqual(keys(expected));
    expect(stderr.split('\n').filter((line) => line.includes('messages wait and are tried again'))).toHaveLength(1);
    expect(stderr.split('\n').filter((line) => line.includes('messages are taken again'))).toHaveLength(1);
    // Nothing waits any more: the next start sends nothing.
    await at.run('plant.yaml');
    expect(receiver.received).toHaveLength(expected.length);
  });

  it('that were not sent when all ended are sent at the next start', async () => {
    const expected = await undisturbed();
    const receiver = await openReceiver();
    receiver.answer = (_, response) => response.writeHead(503).end('maintenance');
    const at = await place(hook(receiver));
    await at.run('plant.yaml');
    expect(new Set(keys(receiver.received))).toEqual(new Set(keys(expected).slice(0, 1)));
    receiver.received.length = 0;
    receiver.answer = (_, response) => response.end();
    // A start that fails would send them again each time.
    await at.write('plant.csv', plantText(lines.slice(1)));
    expect((await at.start('run', 'plant.yaml', '--until-end').ended).stderr).toContain('SOURCE_CHANGED');
    expect(receiver.received).toEqual([]);
    await at.write('plant.csv', plantText(lines));
    await at.run('plant.yaml');
    expect(keys(receiver.received)).toEqual(keys(expected));
  });

  it('repeat with the same key after kill -9 between arrival and commit, and none is missing', async () => {
    const expected = await undisturbed();
    const receiver = await openReceiver();
    const at = await place(hook(receiver));
    for (const [n, batch] of [300, 41, 7].entries()) {
      const before = receiver.received.length;
      const run = at.start('run', 'plant.yaml', '--until-end', ...settings({ 'batch.rows': batch, 'commit.rows': 3 * batch, 'commit.interval': '1h' }));
      receiver.answer = (_, response) => {
        if (receiver.received.length - before > n) run.kill('SIGKILL');
        response.end();
      };
      expect((await run.ended).signal).toBe('SIGKILL');
      receiver.answer = (_, response) => response.end();
    }
    await at.run('plant.yaml');
    const all = keys(receiver.received);
    const repeated = all.length - new Set(all).size;
    console.log(`${expected.length} messages, 3 kills, ${repeated} repeated`);
    expect(repeated).toBeGreaterThanOrEqual(3);
    expect(new Set(all)).toEqual(new Set(keys(expected)));
    // Repeated ones say the same.
    expect(texts(receiver.received)).toEqual(texts(expected));
    // Nothing that came first came out of order.
    expect([...new Set(all)]).toEqual(keys(expected));
  });

  it('that the receiver refuses are given up, told once, and hold up no others', async () => {
    const receiver = await openReceiver();
    receiver.answer = ({ body }, response) => response.writeHead(body.detector === 'combined' ? 404 : 200).end('no_service');
    const at = await place(hook(receiver));
    const { code, stderr } = await at.call('run', 'plant.yaml', '--until-end');
    expect(code).toBe(0);
    const came = keys(receiver.received);
    expect(new Set(came).size).toBe(came.length);
    expect(came).toHaveLength((await undisturbed()).length);
    expect(stderr).toContain(`webhook: http://127.0.0.1:${receiver.port} answers 404: no_service; the message `);
    expect(stderr).not.toContain('/hook');
  });
});
