import type { Random } from '../../core/random.ts';
import { at, plantTags } from './tags.ts';
import type { Commands } from './water.ts';

/** The feed that is asked of the reverse osmosis, m3/h; the operator changes between them. */
const demands = [1.62, 1.66, 1.7];

/** Stroke for each unit below the set point, and the time in which it is added once more, seconds. Acid lowers the pH. */
const dosings = [
  { tag: at.AIT201, setPoint: 256, gain: 0.1, reset: 60 },
  { tag: at.AIT202, setPoint: 7, gain: -6, reset: 60 },
  { tag: at.AIT203, setPoint: 435, gain: 0.04, reset: 60 },
] as const;

/** Litres filtered are not measured: the filter is washed after so many seconds of filtering, or by its differential pressure, kPa. */
const filtering = 65;
const clogged = 40;
/** Seconds of backwash and of the flush after it. */
const washing = 20;
const flushing = 7;

/**
 * The controllers of the six stages: commands from what they *see* (readings and states of the row before), by level set
 * points with hysteresis, a filter sequence, and PI controllers for the dosing and for the feed of the reverse osmosis.
 */
export class Control {
  readonly commands: Commands = { states: new Uint8Array(plantTags.length).fill(1), speed: 1, strokes: new Float64Array(3).fill(0.6) };
  readonly #random: Random;
  #fill = true;
  #draw = true;
  #filter = true;
  #filtered = 0;
  #left = 0;
  #demand = 1.66;
  #setPoint = 1.66;
  #nextDemand = 0;
  #integral = 0;
  /** Of each dosing pump: the stroke that holds the set point. */
  readonly #dosed = new Float64Array(3).fill(0.6);

  constructor(random: Random) {
    this.#random = random;
  }

  /** @param seen a row as the controllers see it */
  decide(seen: Float64Array): Commands {
    const { states } = this.commands;
    this.#fill = hysteresis(this.#fill, seen[at.LIT101], 500, 800);
    this.#draw = hysteresis(this.#draw, seen[at.LIT301], 800, 1000);
    this.#filter = hysteresis(this.#filter, seen[at.LIT401], 800, 1000);
    this.#sequence(seen);
    const wash = this.#left > flushing;
    const flush = this.#left > 0 && !wash;
    const rest = this.#left === 0;

    const draws = this.#draw && seen[at.MV201] === 2 && seen[at.LIT101] > 250;
    const flows = draws && seen[at.FIT201] > 0.5;
    const osmosis = seen[at.FIT401] > 0.7;
    states[at.MV101] = on(this.#fill);
    states[at.MV201] = on(this.#draw);
    states[at.P101] = on(draws);
    states[at.P201] = on(flows);
    states[at.P203] = on(flows);
    states[at.P205] = on(flows);
    if (flows) this.#dose(seen);
    states[at.MV301] = on(wash);
    states[at.MV302] = on(this.#filter && rest);
    states[at.MV303] = on(wash || flush);
    states[at.MV304] = on(flush);
    states[at.P301] = on(this.#filter && rest && seen[at.MV302] === 2 && seen[at.LIT301] > 250);
    states[at.P401] = on(seen[at.LIT401] > 250);
    states[at.UV401] = on(osmosis);
    states[at.P501] = on(osmosis);
    states[at.P602] = on(wash && seen[at.MV301] === 2);
    this.commands.speed = this.#feedSpeed(seen[at.FIT401]);
    return this.commands;
  }

  /** The strokes of the dosing pumps follow what the analysers say. */
  #dose(seen: Float64Array): void {
    for (const [i, { tag, setPoint, gain, reset }] of dosings.entries()) {
      const error = gain * (setPoint - seen[tag]);
      const stroke = this.#dosed[i] + error;
      // A pump at its end does not wind it up.
      if (stroke > 0 && stroke < 1) this.#dosed[i] += error / reset;
      this.commands.strokes[i] = clamp(stroke, 0, 1);
    }
  }

  /** Filtering, backwash, flush. */
  #sequence(seen: Float64Array): void {
    if (seen[at.P301] === 2) this.#filtered++;
    if (this.#left > 0) this.#left--;
    else if (this.#filtered >= filtering || seen[at.DPIT301] > clogged) {
      this.#left = washing + flushing;
      this.#filtered = 0;
    }
  }

  /** Follows the operator's set point, which changes every 2 to 6 minutes and is approached within a minute or two. */
  #feedSpeed(flow: number): number {
    if (this.#nextDemand-- <= 0) {
      this.#demand = demands[this.#random.int(demands.length)];
      this.#nextDemand = 120 + this.#random.int(240);
    }
    this.#setPoint += (this.#demand - this.#setPoint) / 40;
    const error = this.#setPoint - flow;
    this.#integral = clamp(this.#integral + 0.01 * error, -0.15, 0.15);
    return clamp(1 + this.#integral + 0.05 * error, 0.8, 1.2);
  }
}

/** On below `low`, off above `high`, otherwise as it was. */
function hysteresis(was: boolean, value: number, low: number, high: number): boolean {
  return value < low ? true : value > high ? false : was;
}

function on(yes: boolean): 1 | 2 {
  return yes ? 2 : 1;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
