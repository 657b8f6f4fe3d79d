import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { duration } from '../../core/config/duration.ts';
import { didYouMean, quote, SluiceError } from '../../core/errors.ts';
import { formatDuration } from '../../core/time.ts';
import { type Attack, type AttackPart, type PartKind, partKinds, sizedKinds } from './attack.ts';
import { runIn } from './simulation.ts';
import { normalRange, type PlantTag, plantTags, spareTags } from './tags.ts';

const part = {
  tag: z.string(),
  kind: z.enum(partKinds),
  size: z.number().optional(),
  value: z.number().min(0).optional(),
  to: z.enum(['on', 'off', 'open', 'closed']).optional(),
  ago: duration().optional(),
};
const place = { start: duration(), length: duration(), stealthy: z.boolean().default(false), effect: z.string().optional() };
const list = z.strictObject({
  attacks: z.array(z.union([z.strictObject({ ...place, parts: z.array(z.strictObject(part)).min(1) }), z.strictObject({ ...place, ...part })])),
});
type WrittenPart = z.output<z.ZodObject<typeof part>>;

/**
 * Attacks as written in a YAML or JSON file, by start.
 * @throws SOURCE_NOT_FOUND; CONFIG_INVALID with all that is wrong with the list
 */
export async function readAttacks(path: string): Promise<Attack[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SluiceError('SOURCE_NOT_FOUND', `cannot read the list of attacks ${quote(path)}: ${(cause as Error).message}`, {
      fix: "Name a YAML or JSON file, or 'none' or 'random'.",
      cause,
    });
  }
  return parseAttacks(text, path);
}

/**
 * The same, of text.
 * @example
 * parseAttacks('attacks: [{ start: 2h, length: 5m, tag: LIT101, kind: ramp, size: 0.8 }]', 'attacks.yaml')[0].start; // 7200
 */
export function parseAttacks(text: string, path: string): Attack[] {
  const fail = (mistakes: readonly string[]): never => {
    throw new SluiceError('CONFIG_INVALID', mistakes.join('; '), { place: path, fix: 'docs/simulator.md shows how a list is written.' });
  };
  let plain: unknown;
  try {
    plain = parse(text);
  } catch (error) {
    return fail([`not YAML or JSON: ${(error as Error).message.split('\n', 1)[0]}`]);
  }
  const { data, error } = list.safeParse(plain, { reportInput: true });
  if (!data)
    return fail(flat(error.issues).map(({ path: at, message, input }) => `${describe(at)}: ${message}${input === undefined ? '' : `, not ${quote(input)}`}`));

  const mistakes: string[] = [];
  const attacks = data.attacks.map((written, i): Attack => {
    const parts = 'parts' in written ? written.parts : [written];
    const start = written.start / 1000;
    const length = written.length / 1000;
    if (!Number.isInteger(start) || !Number.isInteger(length) || length < 1)
      mistakes.push(`attack ${i + 1}: start and length are whole seconds, the length 1 at least`);
    mistakes.push(...parts.flatMap((each) => wrongWith(each).map((wrong) => `attack ${i + 1}, ${each.tag}: ${wrong}`)));
    const tags = parts.map(({ tag }) => tag);
    if (new Set(tags).size < tags.length) mistakes.push(`attack ${i + 1}: a tag comes twice`);
    for (const { kind, ago = written.length } of parts)
      if (kind === 'replay' && ago > written.start + runIn * 1000) mistakes.push(`attack ${i + 1}: there are no readings that early to replay`);
    const known = parts.map((each) => takePart(each));
    return { start, length, parts: known, stealthy: written.stealthy, effect: written.effect ?? `${known.map(sentence).join(', ')}.` };
  });
  if (mistakes.length > 0) fail(mistakes);
  const sorted = [...attacks].sort((a, b) => a.start - b.start);
  for (const [i, { start }] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before && start < before.start + before.length)
      fail([`the attacks at ${clock(before.start)} and ${clock(start)} overlap; give one attack several parts`]);
  }
  return sorted;
}

/** What is wrong with the kind, the tag and what goes with them. */
function wrongWith({ tag, kind, size, value, to, ago }: WrittenPart): string[] {
  if (!plantTags.includes(tag as PlantTag)) {
    const near = didYouMean(tag, plantTags);
    return [`there is no tag ${quote(tag)}${near ? `; did you mean '${near}'?` : ''}`];
  }
  const sensor = normalRange(tag as PlantTag) !== undefined;
  const spare = spareTags.includes(tag as PlantTag);
  const sized = sizedKinds.includes(kind);
  const rules: [boolean, string][] = [
    [kind === 'spare' && !spare, `kind 'spare' is for pumps in reserve: ${spareTags.join(', ')}`],
    [kind === 'force' && (sensor || spare), `kind 'force' is for valves, the lamp and pumps that run${spare ? "; a spare pump takes 'spare'" : ''}`],
    [kind === 'stuck' && !tag.startsWith('MV'), "kind 'stuck' is for valves (MV…)"],
    [!sensor && !['force', 'stuck', 'spare'].includes(kind), `kind '${kind}' is for sensors`],
    [
      sized && (size === undefined) === (value === undefined || kind !== 'constant'),
      `kind '${kind}' needs \`size\`, in normal ranges of the tag${kind === 'constant' ? ', or `value`' : ''}`,
    ],
    [value !== undefined && kind !== 'constant', "`value` goes with kind 'constant'"],
    [!sized && size !== undefined, `kind '${kind}' has no \`size\``],
    [(kind === 'force') !== (to !== undefined), kind === 'force' ? "kind 'force' needs `to`: on, off, open or closed" : "`to` goes with kind 'force'"],
    [ago !== undefined && (kind !== 'replay' || ago < 1000 || ago % 1000 !== 0), "`ago` goes with kind 'replay' and is whole seconds"],
  ];
  return rules.flatMap(([broken, message]) => (broken ? [message] : []));
}

function takePart({ tag: name, kind, size, value, to, ago }: WrittenPart): AttackPart {
  const tag = name as PlantTag;
  const range = normalRange(tag);
  const told = value === undefined || range === undefined ? size : (value - (range.low + range.high) / 2) / (range.high - range.low);
  return {
    tag,
    kind,
    ...(told === undefined ? {} : { size: told }),
    ...(to === undefined ? {} : { to: to === 'on' || to === 'open' ? 2 : 1 }),
    ...(ago === undefined ? {} : { ago: ago / 1000 }),
  };
}

const said: Record<PartKind, string> = {
  constant: 'reads a constant',
  ramp: 'drifts away',
  offset: 'is offset',
  scale: 'is scaled',
  frozen: 'stands still',
  replay: 'repeats earlier readings',
  force: 'is forced',
  stuck: 'is stuck half way',
  spare: 'is turned on and shows nowhere else',
};

function sentence({ tag, kind, to }: AttackPart): string {
  return `${tag} ${said[kind]}${to === undefined ? '' : tag.startsWith('MV') ? (to === 2 ? ' open' : ' closed') : to === 2 ? ' on' : ' off'}`;
}

function clock(seconds: number): string {
  return seconds === 0 ? '0 s' : formatDuration(seconds * 1000);
}

type Issue = z.core.$ZodIssue;

/** Of a union the alternative that comes nearest. */
function flat(issues: readonly Issue[], before: PropertyKey[] = []): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...before, ...issue.path];
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }];
    return flat([...issue.errors].sort((a, b) => a.length - b.length)[0], path);
  });
}

function describe(path: readonly PropertyKey[]): string {
  const [, attack, ...rest] = path;
  if (attack === undefined) return path.length === 0 ? 'the list' : String(path[0]);
  return [`attack ${Number(attack) + 1}`, ...rest.map((key) => (typeof key === 'number' ? `part ${key + 1}` : String(key)))].join(', ');
}
