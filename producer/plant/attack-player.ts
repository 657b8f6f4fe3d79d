import type { Attack, AttackPart } from './attack.ts';
import { at, normalRange } from './tags.ts';

/** A part of an attack at work on rows, in order, a second each. */
interface Player {
  readonly tag: number;
  /** Overrides the command; undefined = the controller's stands. 0 stops a valve half way. */
  readonly command?: 0 | 1 | 2;
  /** The state that is shown, whatever the command. */
  readonly shown?: 2;
  /** The reading that is seen instead, `elapsed` seconds into the attack. */
  spoof?(reading: number, elapsed: number): number;
  /** Before the attack: what it will want to know of the reading. */
  remember?(reading: number, second: number): void;
}

type Spoof = Pick<Player, 'remember'> & Required<Pick<Player, 'spoof'>>;

/**
 * Plays a list of attacks that do not overlap over the rows of a plant: per row `command` before the plant moves and
 * `spoof` after it was read.
 */
export class AttackPlayer {
  readonly #attacks: readonly Attack[];
  readonly #players: readonly (readonly Player[])[];
  readonly #rememberers: readonly Player[];
  #next = 0;

  /** @param attacks by start */
  constructor(attacks: readonly Attack[]) {
    this.#attacks = attacks;
    this.#players = attacks.map((attack) => attack.parts.map((part) => makePlayer(part, attack)));
    this.#rememberers = this.#players.flat().filter(({ remember }) => remember);
  }

  /** Changes the commands of this second. @returns whether it is under attack */
  command(second: number, states: Uint8Array): boolean {
    const attack = this.#at(second);
    if (attack < 0) return false;
    for (const { tag, command } of this.#players[attack]) if (command !== undefined) states[tag] = command;
    return true;
  }

  /** Changes what is seen of this second: readings and states. */
  spoof(second: number, seen: Float64Array): void {
    for (const player of this.#rememberers) player.remember?.(seen[player.tag], second);
    const attack = this.#at(second);
    if (attack < 0) return;
    const elapsed = second - this.#attacks[attack].start;
    for (const player of this.#players[attack]) {
      if (player.shown !== undefined) seen[player.tag] = player.shown;
      else if (player.spoof) seen[player.tag] = player.spoof(seen[player.tag], elapsed);
    }
  }

  /** The attack of a second, -1 for none. Seconds come in order. */
  #at(second: number): number {
    while (this.#next < this.#attacks.length && second >= endOf(this.#attacks[this.#next])) this.#next++;
    return this.#next < this.#attacks.length && second >= this.#attacks[this.#next].start ? this.#next : -1;
  }
}

function endOf({ start, length }: Attack): number {
  return start + length;
}

function makePlayer(part: AttackPart, attack: Attack): Player {
  const { kind, to } = part;
  const tag = at[part.tag];
  if (kind === 'force') return { tag, command: to ?? 1 };
  if (kind === 'stuck') return { tag, command: 0 };
  if (kind === 'spare') return { tag, shown: 2 };
  const { low, high } = normalRange(part.tag) ?? { low: 0, high: 0 };
  const { spoof, remember } = makeSpoof(part, attack, low, high);
  const shown = (reading: number, elapsed: number): number => {
    const spoofed = spoof(reading, elapsed);
    const kept = attack.stealthy ? Math.min(Math.max(high, reading), Math.max(Math.min(low, reading), spoofed)) : spoofed;
    return Math.max(0, Math.round(kept * 1000) / 1000);
  };
  return { tag, spoof: shown, ...(remember ? { remember } : {}) };
}

function makeSpoof({ kind, size = 0, ago }: AttackPart, { start, length }: Attack, low: number, high: number): Spoof {
  const range = high - low;
  const middle = (low + high) / 2;
  const by = size * range;
  switch (kind) {
    case 'constant':
      return { spoof: () => middle + by };
    case 'ramp':
      return { spoof: (reading, elapsed) => reading + (by * (elapsed + 1)) / length };
    case 'offset':
      return { spoof: (reading) => reading + by };
    case 'scale':
      return { spoof: (reading) => reading * (1 + by / middle) };
    case 'frozen':
      return recording(start, 1, 1);
    default:
      return recording(start, Math.min(ago ?? length, length), ago ?? length);
  }
}

/** The readings of so many seconds, from `ago` seconds before the start on, again and again. */
function recording(start: number, seconds: number, ago: number): Spoof {
  const kept = new Float64Array(seconds);
  return {
    spoof: (_, elapsed) => kept[elapsed % seconds],
    remember(reading, second) {
      const place = second - (start - ago);
      if (place >= 0 && place < seconds) kept[place] = reading;
    },
  };
}
