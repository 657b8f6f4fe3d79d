import { z } from 'zod';
import { ConfigDocument } from '../../core/config/document.ts';
import { validate } from '../../core/config/validate.ts';
import { SluiceError } from '../../core/errors.ts';
import type { AnomalyShape, ItemSettings, SimulatorLimits } from '../../core/simulator.ts';
import { anomalyShapes } from './anomaly.ts';

export const simulatorLimits: SimulatorLimits = { items: 1000, rate: { min: 1, max: 100, total: 10_000 }, pending: 100_000 };

/** Values of one list of deltas. */
const mostDeltas = 10_000;
/** Far from where doubles become coarse. */
const largest = 1e12;

const { rate, pending } = simulatorLimits;

/** The id becomes the name of a stream, and so a label in stores and metrics. */
const itemId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, { error: 'expected 1 to 100 letters, digits, dots, dashes and underscores that begin with a letter or digit' })
  .describe('Name of the item: the stream of its rows, the source_id of its messages.');

const fields = {
  mean: z.number().min(-largest).max(largest).describe('Middle of the values.'),
  variance: z.number().min(0).max(largest).describe('Variance of the values: the square of their standard deviation.'),
  rate: z.number().min(rate.min).max(rate.max).describe(`Messages a second, ${rate.min} to ${rate.max}.`),
};

/** Of an item that is started. */
export const itemSettings = z.strictObject(fields);

/** Of an item that runs: what is not given stays. */
const itemChange = z.strictObject(fields).partial();

/** An item with its id, as a pipeline file lists those to begin with. */
export const listedItem = z.strictObject({ id: itemId, ...fields });

const deltas = z.strictObject({
  deltas: z.array(z.number().min(-largest).max(largest)).min(1).max(mostDeltas).describe('Added to the next values, one by one.'),
});

const shaped = z
  .strictObject({
    shape: z.enum(Object.keys(anomalyShapes) as [AnomalyShape, ...AnomalyShape[]]).describe(
      Object.entries(anomalyShapes)
        .map(([name, { summary }]) => `${name}: ${summary}`)
        .join('; '),
    ),
    size: z.number().min(-largest).max(largest).optional().describe('In the unit of the values; a negative one turns the shape around.'),
    length: z.int().min(1).max(pending).describe('Values that it is laid over.'),
  })
  .refine(({ shape, size }) => size !== undefined || shape === 'stuck', { path: ['size'], error: 'expected a number' })
  .transform(({ shape, size = 0, length }) => ({ shape, size, length }));

/** For descriptions of the interface; `readAnomaly` reads one with better words for what is wrong. */
export const itemAnomaly = z.union([deltas, shaped]);

export const readItemId = (value: unknown): string => read(z.strictObject({ id: itemId }), { id: value }, 'Call it e.g. pump-1').id;

/** @throws ITEM_INVALID */
export const readItemSettings = (value: unknown): z.output<typeof itemSettings> =>
  read(itemSettings, value, 'Send e.g. {"mean": 10, "variance": 4, "rate": 5}');

/** @throws ITEM_INVALID, also where nothing would change */
export function readItemChange(value: unknown): Partial<ItemSettings> {
  const change = Object.entries(read(itemChange, value, 'Send e.g. {"rate": 20}')).filter(([, given]) => given !== undefined);
  if (change.length > 0) return Object.fromEntries(change);
  throw new SluiceError('ITEM_INVALID', 'there is nothing to change', { fix: 'Give mean, variance or rate, e.g. {"rate": 20}.' });
}

/** @throws ITEM_INVALID */
export function readAnomaly(value: unknown): z.output<typeof itemAnomaly> {
  const hint = 'Send e.g. {"deltas": [5, 10, 5]} or {"shape": "spike", "size": 10, "length": 1}';
  const has = (key: string): boolean => typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  if (has('deltas') || !['shape', 'size', 'length'].some(has)) return read(deltas, value, hint);
  return read(shaped, value, hint);
}

/** @throws ITEM_INVALID that names every field that is wrong, and says how it is written */
function read<T extends z.ZodType>(schema: T, value: unknown, hint: string): z.output<T> {
  const document = new ConfigDocument('{}');
  const parsed = validate(schema, value, { document, at: (path) => path });
  if (parsed !== undefined && document.mistakes.length === 0) return parsed;
  const mistakes = document.mistakes.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const places = document.mistakes.map(({ path }) => path).filter((path) => path !== '');
  throw new SluiceError('ITEM_INVALID', mistakes.join('; '), { ...(places.length > 0 ? { place: places.join(', ') } : {}), fix: `${hint}.` });
}
