/**
 * A tank, in litres. Every litre that comes, goes or spills is booked, so that at any time
 * `litres - initial = received - given - spilled`.
 * @example
 * const tank = new Tank({ litres: 300, capacity: 690, area: 0.6 });
 * tank.receive(400);
 * tank.give(1000); // 690
 * tank.spilled; // 10
 */
export class Tank {
  readonly initial: number;
  readonly capacity: number;
  /** Square metres: a litre more stands a millimetre higher over 1 m2. */
  readonly area: number;
  litres: number;
  received = 0;
  given = 0;
  spilled = 0;

  constructor({ litres, capacity, area }: { readonly litres: number; readonly capacity: number; readonly area: number }) {
    this.initial = litres;
    this.litres = litres;
    this.capacity = capacity;
    this.area = area;
  }

  /** Millimetres. */
  get level(): number {
    return this.litres / this.area;
  }

  /** Takes in all that comes; what does not fit runs over. @returns litres that ran over */
  receive(litres: number): number {
    const held = this.litres + litres;
    const over = held > this.capacity ? held - this.capacity : 0;
    this.received += litres;
    this.spilled += over;
    this.litres = held - over;
    return over;
  }

  /** Gives what is asked for, no more than there is. @returns litres given */
  give(wanted: number): number {
    const litres = Math.min(wanted, this.litres);
    this.given += litres;
    this.litres -= litres;
    return litres;
  }
}
