import { SluiceError } from '../../core/errors.ts';
import { makeRandom, type Random } from '../../core/random.ts';
import { formatDuration } from '../../core/time.ts';
import type { Attack, AttackPart } from './attack.ts';
import { type Scenario, scenarios } from './scenarios.ts';

const fewest = 6;
const most = 10;
/** Seconds that the plant is left alone after each attack, at least. */
export const recovery = 360;
/** From one attack to the next, seconds, where the time allows more than the fewest. */
const usualSlot = 1080;
const shortest = Math.min(...scenarios.map(({ length }) => length[0]));

/** Seconds at the beginning without an attack unless told otherwise: half of the time, an hour at least. */
export function usualHead(seconds: number): number {
  return Math.max(3600, Math.round(0.5 * seconds));
}

/**
 * Draws 6 to 10 attacks from the scenarios, each once, as different as can be, over the time that follows a normal head,
 * each with time to recover after it.
 * @throws USAGE where the time is too short for six
 * @example
 * const attacks = drawAttacks(7, 4 * 3600);
 * attacks.length; // 6
 * attacks[0].start >= usualHead(4 * 3600); // true
 */
export function drawAttacks(seed: number, seconds: number, head = usualHead(seconds)): Attack[] {
  const random = makeRandom(seed, 'plant').fork('attacks');
  const slotNeeded = shortest + recovery;
  const room = Math.floor((seconds - head) / slotNeeded);
  if (room < fewest) {
    const needed = formatDuration(1000 * (head + fewest * slotNeeded));
    throw new SluiceError('USAGE', `${formatDuration(seconds * 1000)} are too short for ${formatDuration(head * 1000)} of normal rows and ${fewest} attacks`, {
      fix: `Take ${needed} or more, or no attacks (--attacks none).`,
    });
  }
  const count = Math.max(fewest, Math.min(Math.floor((seconds - head) / usualSlot), fewest + random.int(most - fewest + 1)));
  const slot = (seconds - head) / count;
  return pick(random, count, slot - recovery).map((scenario, i) => {
    const [least, longest] = scenario.length;
    const length = least + random.int(Math.floor(Math.min(longest, slot - recovery)) - least + 1);
    const start = Math.ceil(head + i * slot) + random.int(Math.floor(slot - recovery - length) + 1);
    const { parts, effect, stealthy = false } = scenario;
    return { start, length, parts: parts.map((part) => sized(part, random)), stealthy, effect };
  });
}

/** So many scenarios that fit into a slot: one of each group first, then of those left, in an order of their own. */
function pick(random: Random, count: number, room: number): Scenario[] {
  const left = shuffled(
    random,
    scenarios.filter(({ length }) => length[0] <= room),
  );
  const groups = shuffled(random, [...new Set(left.map(({ group }) => group))]);
  // An attack that is not to be seen and one that several tags take part in are always among them.
  const first = [...new Set([...groups.filter((group) => group === 'stealthy' || group === 'several'), ...groups])];
  const ofEach = first.flatMap((group) => left.find((scenario) => scenario.group === group) ?? []);
  const rest = left.filter((scenario) => !ofEach.includes(scenario));
  return shuffled(random, [...ofEach, ...rest].slice(0, count));
}

function sized({ size, ...part }: Scenario['parts'][number], random: Random): AttackPart {
  return size === undefined ? part : { ...part, size: Math.round((size[0] + random.next() * (size[1] - size[0])) * 1000) / 1000 };
}

/** Fisher and Yates. */
function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}
