import { expect, it } from 'vitest';
import { builtInRegistry } from '../../cli/load-pipeline.ts';
import type { Finding } from '../../core/finding.ts';
import { openReceiver } from './receiver.ts';

async function findings(type: string, options: object): Promise<Finding[]> {
  const definition = await (await builtInRegistry()).load('output', type);
  const context = { topics: [], group: 'sluice', signal: new AbortController().signal };
  const found: Finding[] = [];
  for await (const finding of definition.diagnose?.(definition.options.parse(options), context) ?? []) found.push(finding);
  return found;
}

it('sluice doctor tells whether a receiver takes connections, and sends it nothing', async () => {
  const receiver = await openReceiver();
  const check = `receiver 127.0.0.1:${receiver.port}`;
  const mail = { host: '127.0.0.1', port: receiver.port, from: 'plant@example.org', to: 'night@example.org' };
  const there = { check, status: 'ok', found: 'takes connections; nothing was sent' };
  expect(await findings('webhook', { url: receiver.url })).toEqual([there]);
  expect(await findings('email', mail)).toEqual([there]);
  expect(receiver.received).toEqual([]);
  await receiver.close();
  const gone = { check, status: 'failed', found: 'cannot be reached (ECONNREFUSED)' };
  expect(await findings('webhook', { url: receiver.url })).toEqual([{ ...gone, fix: 'Start the receiver, or correct the url.' }]);
  expect(await findings('email', mail)).toEqual([{ ...gone, fix: 'Start the mail server, or correct host and port.' }]);
});
