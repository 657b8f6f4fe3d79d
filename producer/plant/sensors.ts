import type { Random } from '../../core/random.ts';
import { Drifts, Normals } from './noise.ts';
import { at, type PlantTag, plantTags } from './tags.ts';

/** What a transmitter makes of a true value. */
interface Transmitter {
  /** Time constant, seconds; 0 follows at once. */
  readonly lag: number;
  /** Standard deviation of the noise of a reading: in the unit of the tag, or for flows as a share of the value. */
  readonly noise: number;
  /** Standard deviation of a slow wander of the reading, in the unit of the tag. */
  readonly wander: number;
  readonly decimals: number;
}

const kinds: Record<string, Transmitter> = {
  FIT: { lag: 1, noise: 0.003, wander: 0, decimals: 3 },
  LIT: { lag: 0, noise: 0.4, wander: 0, decimals: 2 },
  DPIT: { lag: 1.5, noise: 0.05, wander: 0, decimals: 2 },
  PIT: { lag: 1.5, noise: 0.15, wander: 0, decimals: 2 },
  AIT: { lag: 8, noise: 0.15, wander: 0.2, decimals: 2 },
};
const others: Partial<Record<PlantTag, Partial<Transmitter>>> = {
  AIT202: { noise: 0.004, wander: 0.006, decimals: 3 },
  AIT203: { noise: 0.3, wander: 0.5 },
  AIT402: { lag: 20, noise: 0.3, wander: 0.5 },
  AIT501: { noise: 0.004, wander: 0.006, decimals: 3 },
  AIT502: { lag: 20, noise: 0.3, wander: 0.5 },
  AIT503: { wander: 0.3 },
  AIT504: { lag: 20, noise: 0.03, wander: 0.07 },
  PIT502: { noise: 0.01, decimals: 3 },
};

/** Flows below this read zero, m3/h. */
const cutOff = 0.005;

/** Readings of all continuous tags: lag, noise, slow wander of the analysers, and the decimals that the historian keeps. */
export class Sensors {
  readonly #tags: Int32Array;
  readonly #gain: Float64Array;
  readonly #noise: Float64Array;
  /** Position among the drifts, or -1; and its size. */
  readonly #drift: Int32Array;
  readonly #wander: Float64Array;
  readonly #scale: Float64Array;
  readonly #flow: Uint8Array;
  readonly #lagged: Float64Array;
  readonly #drifts: Drifts;
  readonly #normals: Normals;
  #fresh = true;

  constructor(random: Random) {
    const tags = plantTags.filter((tag) => /^(FIT|LIT|DPIT|PIT|AIT)/.test(tag));
    const transmitters = tags.map((tag): Transmitter => ({ ...kinds[tag.replace(/\d+$/, '')], ...others[tag] }));
    this.#tags = Int32Array.from(tags, (tag) => at[tag]);
    this.#gain = Float64Array.from(transmitters, ({ lag }) => 1 / (1 + lag));
    this.#noise = Float64Array.from(transmitters, ({ noise }) => noise);
    this.#wander = Float64Array.from(transmitters, ({ wander }) => wander);
    this.#scale = Float64Array.from(transmitters, ({ decimals }) => 10 ** decimals);
    this.#flow = Uint8Array.from(tags, (tag) => (tag.startsWith('FIT') ? 1 : 0));
    let drifts = 0;
    this.#drift = Int32Array.from(transmitters, ({ wander }) => (wander > 0 ? drifts++ : -1));
    this.#drifts = new Drifts(random.fork('wander'), new Array<number>(drifts).fill(60));
    this.#lagged = new Float64Array(tags.length);
    this.#normals = new Normals(random.fork('noise'));
  }

  /** Fills the continuous tags of `readings` from the true values, both by tag. */
  read(values: Float64Array, readings: Float64Array): void {
    this.#drifts.step();
    const wander = this.#drifts.values;
    const lagged = this.#lagged;
    const tags = this.#tags;
    for (let i = 0; i < tags.length; i++) {
      const tag = tags[i];
      const value = this.#fresh ? values[tag] : lagged[i] + this.#gain[i] * (values[tag] - lagged[i]);
      lagged[i] = value;
      const noise = this.#noise[i] * this.#normals.next();
      let reading = this.#flow[i] === 1 ? (value < cutOff ? 0 : value * (1 + noise)) : value + noise;
      const drift = this.#drift[i];
      if (drift >= 0) reading += this.#wander[i] * wander[drift];
      readings[tag] = quantise(reading, this.#scale[i]);
    }
    this.#fresh = false;
  }
}

/** The nearest value of so many steps to a unit, not below zero. */
function quantise(value: number, scale: number): number {
  return value > 0 ? Math.floor(value * scale + 0.5) / scale : 0;
}
