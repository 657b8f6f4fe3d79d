import type { Random } from '../../core/random.ts';
import { Drifts } from './noise.ts';
import { at, plantTags } from './tags.ts';
import { Tank } from './tank.ts';

/** What is dissolved, per litre of water: conductivity (uS/cm), pH, redox potential (mV), hardness (ppm). Mixed linearly. */
const [salt, ph, orp, hardness] = [0, 1, 2, 3];

/** m3/h to litres a second. */
const perSecond = 1 / 3.6;

/** Set by the controllers: 1 off or closed, 2 on or open; a valve told 0 stops half way. */
export interface Commands {
  readonly states: Uint8Array;
  /** Speed of the feed pump P401, 1 = nominal. */
  speed: number;
  /** Strokes of the dosing pumps for salt (P201), acid (P203) and chlorine (P205), 0 to 1. */
  readonly strokes: Float64Array;
}

/** Water that entered or left the plant since the beginning, litres. What the tanks hold and spill is in the tanks. */
export interface Books {
  supplied: number;
  /** Out of the filter when it is flushed. */
  flushed: number;
  /** Through the filter backwards, to the drain. */
  washed: number;
  /** Concentrate of the reverse osmosis, to the drain. */
  rejected: number;
}

const valves = [at.MV101, at.MV201, at.MV301, at.MV302, at.MV303, at.MV304];

/** Of a valve's way in a second: five seconds from closed to open, one more from open to closed. */
const travel = 0.2;

/**
 * The water of the six stages, a second a step: five tanks in a row with pumps and valves between them, what is dissolved
 * in each, the fouling of the ultrafiltration and the split of the reverse osmosis. Dosed chemicals have no volume.
 *
 *     supply -> T101 -> dosing -> T301 -> filter -> T401 -> UV, reverse osmosis -> T601 (permeate) -> delivered
 *                                           ^ backwash from T601 to the drain   \-> reject to the drain
 */
export class Water {
  readonly raw = new Tank({ litres: 149, capacity: 276, area: 0.24 });
  readonly feed = new Tank({ litres: 180, capacity: 240, area: 0.2 });
  /** The housing of the ultrafiltration: what it cannot hold is through the membrane. */
  readonly filter = new Tank({ litres: 8, capacity: 8, area: 0.01 });
  readonly dechlorination = new Tank({ litres: 270, capacity: 360, area: 0.3 });
  /** Its overflow is the water delivered. */
  readonly permeate = new Tank({ litres: 200, capacity: 200, area: 0.25 });
  readonly books: Books = { supplied: 0, flushed: 0, washed: 0, rejected: 0 };
  /** States of valves, pumps and the lamp as they report them, by tag. */
  readonly states = new Uint8Array(plantTags.length);
  /** True values of the sensors, by tag. */
  readonly values = new Float64Array(plantTags.length);

  /** Of each valve, 0 closed to 1 open. */
  readonly #position = new Float64Array(plantTags.length);
  /** m3/h, as the pumps and valves would have it; and the share of the feed that passes the membranes. */
  #supply = 0;
  #dosing = 0;
  #filtration = 0;
  #booster = 0;
  #backwash = 0;
  #osmosis = 0;
  #fouling = 0.3;
  /** Conductivity of the concentrate that is led back before the membranes. */
  #concentrate = 1000;
  readonly #rawWater = Float64Array.of(244, 7.4, 405, 148.3);
  readonly #inRaw = Float64Array.of(244, 7.4, 405, 148.3);
  readonly #inDosing = Float64Array.of(256, 7, 435, 148.3);
  readonly #inFeed = Float64Array.of(256, 7, 435, 148.3);
  readonly #inDechlorination = Float64Array.of(256, 7, 435, 148.3);
  readonly #drifts: Drifts;

  constructor(random: Random) {
    // Supply pressure, conductivity, pH, redox potential, hardness, temperature.
    this.#drifts = new Drifts(random, [60, 90, 90, 90, 90, 90]);
    this.#position[at.MV302] = 1;
  }

  step({ states: command, speed, strokes }: Commands): void {
    this.#drifts.step();
    const drift = this.#drifts.values;
    const raw = this.#rawWater;
    raw[salt] = 244 + 0.3 * drift[1];
    raw[ph] = 7.4 + 0.004 * drift[2];
    raw[orp] = 405 + 0.3 * drift[3];
    raw[hardness] = 148.3 + 0.06 * drift[4];
    // Degrees above 29, and the viscosity against that at 29: 2.3 % less for a degree more.
    const warmth = 0.25 * drift[5];
    const viscosity = 1 - 0.023 * warmth;
    this.#moveActuators(command);
    const litresDosed = this.#takeIn(drift[0]);
    this.#dose(litresDosed, strokes);
    this.#filter(litresDosed, viscosity);
    this.#desalinate(speed, viscosity, warmth);
  }

  #moveActuators(command: Uint8Array): void {
    this.states.set(command);
    for (const valve of valves) {
      const told = command[valve];
      const target = told === 2 ? 1 : told === 1 ? 0 : 0.5;
      const position = this.#position[valve];
      const moved = position < target ? Math.min(target, position + travel) : Math.max(target, position - travel);
      this.#position[valve] = moved;
      this.states[valve] = moved === 1 ? 2 : moved === 0 ? 1 : 0;
    }
  }

  #on(pump: number): number {
    return this.states[pump] === 2 ? 1 : 0;
  }

  /** P1: supply into T101, and out of it through the dosing station. @returns litres that went on */
  #takeIn(pressure: number): number {
    const { raw, values, books } = this;
    this.#supply += (this.#position[at.MV101] * (8 + 0.08 * pressure) - this.#supply) / 2;
    const supplied = this.#supply * perSecond;
    mix(this.#inRaw, raw.litres, supplied, this.#rawWater);
    raw.receive(supplied);
    books.supplied += supplied;
    const head = 1 + 4e-5 * (raw.level - 650);
    this.#dosing += (this.#on(at.P101) * this.#position[at.MV201] * 6 * head - this.#dosing) / 2;
    const litres = raw.give(this.#dosing * perSecond);
    this.#dosing = litres / perSecond;
    values[at.FIT101] = this.#supply;
    values[at.LIT101] = raw.level;
    values[at.FIT201] = this.#dosing;
    return litres;
  }

  /** P2: a mixer of 40 litres that is always full; salt, acid and chlorine are dosed into it. */
  #dose(litres: number, strokes: Float64Array): void {
    const { values } = this;
    const mixer = this.#inDosing;
    mix(mixer, 40, litres, this.#inRaw);
    mixer[salt] = Math.min(2000, mixer[salt] + 0.9 * strokes[0] * this.#on(at.P201));
    mixer[ph] = Math.max(2, mixer[ph] - 0.023 * strokes[1] * this.#on(at.P203));
    mixer[orp] = Math.min(900, mixer[orp] + 2.2 * strokes[2] * this.#on(at.P205));
    values[at.AIT201] = mixer[salt];
    values[at.AIT202] = mixer[ph];
    values[at.AIT203] = mixer[orp];
  }

  /** P3: T301, the membrane and its backwash with permeate (P6). */
  #filter(litres: number, viscosity: number): void {
    const { feed, filter, dechlorination, permeate, books, values } = this;
    mix(this.#inFeed, feed.litres, litres, this.#inDosing);
    feed.receive(litres);
    this.#filtration += (this.#on(at.P301) * this.#position[at.MV302] * (4.8 - 0.21 * this.#fouling) - this.#filtration) / 2;
    const pumped = feed.give(this.#filtration * perSecond);
    this.#filtration = pumped / perSecond;
    const filtrate = filter.receive(pumped);
    books.flushed += filter.give(this.#position[at.MV304] * 2.4 * perSecond);
    mix(this.#inDechlorination, dechlorination.litres, filtrate, this.#inFeed);
    dechlorination.receive(filtrate);

    this.#backwash += (this.#on(at.P602) * this.#position[at.MV301] * 1.8 - this.#backwash) / 2;
    const washed = permeate.give(this.#backwash * perSecond);
    this.#backwash = washed / perSecond;
    books.washed += washed;
    this.#fouling += filtrate / 85 + (0.05 - this.#fouling) * (washed / 2);

    const through = filtrate / perSecond / 3.9;
    const wash = this.#backwash / 1.8;
    values[at.LIT301] = feed.level;
    values[at.FIT301] = this.#filtration;
    values[at.FIT601] = this.#backwash;
    values[at.DPIT301] = 0.8 * this.#position[at.MV302] + through * (13 + 6 * this.#fouling) * viscosity + 8 * wash * wash;
  }

  /** P4 and P5: T401, UV lamp and reverse osmosis. While P501 stands, P401's water goes round into T401. */
  #desalinate(speed: number, viscosity: number, warmth: number): void {
    const { dechlorination, permeate, books, values } = this;
    const water = this.#inDechlorination;
    this.#booster += (this.#on(at.P401) * 1.66 * speed - this.#booster) / 3;
    const drawn = dechlorination.give(this.#booster * perSecond);
    this.#booster = drawn / perSecond;
    this.#osmosis += (this.#on(at.P501) - this.#osmosis) / 6;
    const toMembranes = drawn * this.#osmosis;
    dechlorination.receive(drawn - toMembranes);

    const recovery = 0.752 + 0.004 * warmth - 0.0002 * (water[salt] - 256);
    const passed = toMembranes * recovery;
    const rejected = toMembranes - passed;
    const ledBack = 0.187 * toMembranes;
    permeate.receive(passed);
    books.rejected += rejected;

    // Salt before the membranes: that of the feed and of the concentrate led back; 3.4 % of it passes.
    const atMembranes = (water[salt] + 0.187 * this.#concentrate) / 1.187;
    const passing = 0.034 * atMembranes;
    this.#concentrate += ((1.187 * atMembranes - recovery * passing) / (1.187 - recovery) - this.#concentrate) / 20;

    const load = toMembranes / perSecond / 1.66;
    const lit = this.#on(at.UV401) * this.#osmosis;
    const drive = (190 * load + 62 * load * load) * viscosity + 0.03 * (atMembranes - 380) * this.#osmosis;
    values[at.LIT401] = dechlorination.level;
    values[at.FIT401] = this.#booster;
    values[at.AIT401] = water[hardness];
    values[at.AIT402] = 138 + 0.1 * water[orp] - 12 * lit;
    values[at.AIT501] = 7.32 + 0.06 * (water[ph] - 7);
    values[at.AIT502] = 158 + 0.1 * water[orp] - 10 * lit;
    values[at.AIT503] = 1.02 * water[salt] + 2.5;
    values[at.AIT504] = passing + 9 * (1 - this.#osmosis);
    values[at.FIT501] = toMembranes / perSecond;
    values[at.FIT502] = passed / perSecond;
    values[at.FIT503] = (rejected + ledBack) / perSecond;
    values[at.FIT504] = ledBack / perSecond;
    values[at.PIT501] = 8 + drive;
    values[at.PIT502] = 0.4 + passed / perSecond / 1.25;
    values[at.PIT503] = 5 + drive - 76 * load * load;
  }
}

/** Well mixed: `litres` of water take in `inflow` litres of another. */
function mix(water: Float64Array, litres: number, inflow: number, other: Float64Array): void {
  if (inflow === 0) return;
  const share = inflow / (litres + inflow);
  for (let i = 0; i < water.length; i++) water[i] += share * (other[i] - water[i]);
}
