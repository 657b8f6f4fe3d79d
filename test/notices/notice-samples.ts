import { builtInRegistry } from '../../cli/load-pipeline.ts';
import type { NoticeSender, Output } from '../../core/component.ts';
import { parseConfig } from '../../core/config/load.ts';
import type { Notice } from '../../core/notice.ts';
import { parseTime } from '../../core/time.ts';

const at = (clock: string): bigint => parseTime(`2015-12-28T${clock}Z`) as bigint;

export const notice = (changes: Partial<Notice> = {}): Notice => ({
  key: 'f00dfeed/1/opened',
  change: 'opened',
  incident: 'f00dfeed',
  stream: 'swat',
  detector: 'combined',
  start: at('02:29:14'),
  end: at('02:31:20'),
  rows: 120,
  peakTime: at('02:30:18'),
  peakScore: 12.34567,
  peakGrade: 1,
  causes: ['var', 'k-nn'],
  tags: [
    { tag: 'LIT101', unit: 'mm', share: 0.62, actual: 812.3, expected: 640 },
    { tag: 'P102', share: -0.2 },
  ],
  heldBack: 0,
  ...changes,
});

const registry = await builtInRegistry();

/** Outputs as a pipeline file names them. */
async function outputsOf(outputs: unknown, environment: Record<string, string> = {}): Promise<Output[]> {
  const text = `stream: swat\nsource: { type: csv, path: plant.csv }\ndetectors: { mahalanobis: {} }\noutputs: ${JSON.stringify(outputs)}\n`;
  const config = await parseConfig(text, 'plant.yaml', registry, { environment });
  const context = { stream: 'swat', topic: 'SWaT', bus: config.bus, print: () => {}, colour: false };
  return await Promise.all(config.outputs.map(async ({ type, options }) => (await registry.load('output', type)).create(options, context)));
}

export async function senderOf(output: unknown, environment: Record<string, string> = {}): Promise<NoticeSender> {
  const [{ notices }] = await outputsOf([output], environment);
  if (!notices) throw new Error('the output sends no notices');
  return notices;
}
