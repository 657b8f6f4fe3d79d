import { makeRandom } from '../../core/random.ts';
import type { Attack } from './attack.ts';
import { AttackPlayer } from './attack-player.ts';
import { Control } from './control.ts';
import { Sensors } from './sensors.ts';
import { plantTags } from './tags.ts';
import { Water } from './water.ts';

/** Seconds before the first row, so that it is not a start-up. */
export const runIn = 3600;

/**
 * The plant at work, a second a step: the controllers act on what they see of the row before, attacks change their
 * commands, water moves, sensors are read, attacks change what is seen. Same seed and attacks, same rows.
 * @example
 * const plant = new Simulation(7);
 * plant.step();
 * plant.second; // 0
 */
export class Simulation {
  readonly water: Water;
  /** The row of the last step as controllers and historian see it, in the order of the tags. */
  readonly seen = new Float64Array(plantTags.length);
  /** The last step's row was under attack. */
  attacked = false;
  /** Of the last step; the first is 0. */
  second = -runIn - 1;
  readonly #control: Control;
  readonly #sensors: Sensors;
  readonly #player: AttackPlayer;

  /** @param attacks by start, not overlapping */
  constructor(seed: number, attacks: readonly Attack[] = []) {
    const random = makeRandom(seed, 'plant');
    this.water = new Water(random.fork('water'));
    this.#control = new Control(random.fork('operator'));
    this.#sensors = new Sensors(random.fork('sensors'));
    this.#player = new AttackPlayer(attacks);
    this.#sensors.read(this.water.values, this.seen);
    while (this.second < -1) this.step();
  }

  step(): void {
    const { water, seen } = this;
    this.second++;
    const commands = this.#control.decide(seen);
    this.attacked = this.#player.command(this.second, commands.states);
    water.step(commands);
    seen.set(water.states);
    this.#sensors.read(water.values, seen);
    this.#player.spoof(this.second, seen);
  }
}
