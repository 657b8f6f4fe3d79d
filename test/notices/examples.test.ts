import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { builtInRegistry } from '../../cli/load-pipeline.ts';
import { repository } from '../command-line.ts';
import { load } from '../config/pipeline-text.ts';

const environment = { INFLUX_TOKEN: 'token', SLUICE_INCIDENT_WEBHOOK: 'https://hooks.example.org/T0/secret', MAIL_USER: 'plant', MAIL_PASSWORD: 'secret' };
const registry = await builtInRegistry();

/** What `sluice check` says of the outputs. */
async function shown(text: string): Promise<string[]> {
  const { outputs } = await load(text, { environment });
  return await Promise.all(outputs.map(async ({ type, options }) => `${type} ${(await registry.load('output', type)).describe?.(options) ?? ''}`));
}

it.each([
  ['swat', []],
  ['swat-kafka', ['kafka ']],
])('pipelines/%s.yaml sends nothing to people unless its line is put in', async (name, others) => {
  const text = readFileSync(join(repository, `pipelines/${name}.yaml`), 'utf8');
  expect(await shown(text)).toEqual(['terminal ', ...others]);
  const lines = text.split('\n');
  const written = lines.findIndex((line) => line.startsWith('# outputs: '));
  const with_ = lines.with(written, lines[written].slice(2)).filter((line, i) => i === written || !line.startsWith('outputs: '));
  expect(await shown(with_.join('\n'))).toEqual(['terminal ', ...others, 'webhook slack to https://hooks.example.org, of combined, cool-down 10 min']);
});

it("the page's pipeline can be run, and a secret of it is not shown", async () => {
  const [, outputs] = /```yaml\n(outputs:[\s\S]*?)```/.exec(readFileSync(join(repository, 'docs/notifications.md'), 'utf8')) ?? [];
  const text = `stream: plant\nsource: { type: csv, path: plant.csv }\ndetectors: { mahalanobis: {} }\n${outputs}`;
  expect(await shown(text)).toEqual([
    'webhook json to https://hooks.example.org, of combined, cool-down 10 min',
    'email to night-shift@example.org by mail.example.org:587, of combined',
  ]);
});
