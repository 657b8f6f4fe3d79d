/** Why a detector scored a row as it did: one value a tag each. */
export interface Reasons {
  /** Signed; their magnitudes add up to 1. */
  readonly shares: Float64Array;
  /** What was judged, and what was expected, in the tags' own units. */
  readonly actual: Float64Array;
  readonly expected: Float64Array;
}

/** Reasons of a batch in shared memory. Each has a place, which whoever wants it claims for a detector and a row. */
export interface ReasonTable {
  readonly rows: number;
  readonly tags: number;
  /** Detectors x rows: 1 + the place, 0 = nobody wants it. */
  readonly places: Int32Array;
  /** One number: so many places are claimed. It may go past the last place there is. */
  readonly claimed: Int32Array;
  /** Detector and row of each place. */
  readonly asked: Int32Array;
  /** Shares, actual and expected of each. */
  readonly reasons: Float64Array;
  /** 1 where a tag stands out. */
  readonly found: Uint8Array;
}

/** @returns the place, -1 where there is no room */
export function claimPlace({ rows, places, claimed, asked, found }: ReasonTable, d: number, row: number): number {
  const place = Atomics.add(claimed, 0, 1);
  if (place >= found.length) return -1;
  asked[2 * place] = d;
  asked[2 * place + 1] = row;
  places[d * rows + row] = place + 1;
  return place;
}

/** The reasons at a place, sharing its memory. */
export function reasonsAt({ reasons, tags }: ReasonTable, place: number): Reasons {
  const part = (p: number): Float64Array => reasons.subarray((3 * place + p) * tags, (3 * place + p + 1) * tags);
  return { shares: part(0), actual: part(1), expected: part(2) };
}

/** Places to begin with. */
const fewPlaces = 16;
/** Memory for so many times what the batch may want is given back. */
const tooMuch = 16;

/** Why rows of a batch were scored as they were, by detector and row; its memory is reused from batch to batch. */
export class BatchReasons {
  readonly #detectors: number;
  #table: ReasonTable;
  /** Reasons from this place on are not found yet. */
  #open = 0;

  constructor(detectors: number, tags: number) {
    this.#detectors = detectors;
    const ints = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4));
    this.#table = { rows: 0, tags, places: ints(0), claimed: ints(1), asked: ints(0), reasons: new Float64Array(0), found: new Uint8Array(0) };
  }

  /** Its memory, for whoever claims places and finds reasons in it until the next call of a method. */
  get table(): ReasonTable {
    return this.#table;
  }

  /** Forgets those of the batch before. */
  begin(rows: number): void {
    const size = this.#detectors * rows;
    const { found } = this.#table;
    let { places } = this.#table;
    if (places.length < size || places.length > tooMuch * size) places = new Int32Array(new SharedArrayBuffer(size * 4));
    else places.fill(0, 0, this.#detectors * Math.max(rows, this.#table.rows));
    this.#table = { ...this.#table, rows, places };
    this.#table.claimed[0] = 0;
    this.#open = 0;
    if (found.length > tooMuch * Math.max(size, fewPlaces)) this.#resize(0);
  }

  /** What was claimed until now, as far as there was room, has been found. The next batch may want as many. */
  settle(): void {
    const { claimed, found } = this.#table;
    const wanted = claimed[0];
    claimed[0] = Math.min(wanted, found.length);
    this.#open = claimed[0];
    if (wanted > found.length) this.#resize(Math.max(fewPlaces, Math.ceil(wanted * 1.5)));
  }

  /** Wants to know them, if nobody did before. */
  ask(d: number, row: number): void {
    if (this.has(d, row)) return;
    const { claimed, found } = this.#table;
    if (claimed[0] === found.length) this.#resize(Math.max(fewPlaces, 2 * found.length));
    claimPlace(this.#table, d, row);
  }

  /** Finds out at once, by whoever is given. */
  find(d: number, row: number, find: (out: Reasons) => boolean): void {
    this.ask(d, row);
    const place = this.#table.places[d * this.#table.rows + row] - 1;
    this.#table.found[place] = Number(find(reasonsAt(this.#table, place)));
    if (place === this.#open) this.#open++;
  }

  /** What was asked for and is not found yet; whoever takes it finds it. */
  takeOpen(): { readonly from: number; readonly to: number; readonly table: ReasonTable } {
    const open = { from: this.#open, to: this.#table.claimed[0], table: this.#table };
    this.#open = open.to;
    return open;
  }

  /** Was it asked for? */
  has(d: number, row: number): boolean {
    return this.#table.places[d * this.#table.rows + row] > 0;
  }

  /** Those of a row that were found, until the next batch; undefined where no tag stands out. */
  get(d: number, row: number): Reasons | undefined {
    const place = this.#table.places[d * this.#table.rows + row] - 1;
    return this.#table.found[place] === 1 ? reasonsAt(this.#table, place) : undefined;
  }

  #resize(capacity: number): void {
    const { tags, asked, reasons, found } = this.#table;
    const next = {
      asked: new Int32Array(new SharedArrayBuffer(capacity * 8)),
      reasons: new Float64Array(new SharedArrayBuffer(capacity * 3 * tags * 8)),
      found: new Uint8Array(new SharedArrayBuffer(capacity)),
    };
    if (this.#table.claimed[0] > 0) {
      next.asked.set(asked);
      next.reasons.set(reasons);
      next.found.set(found);
    }
    this.#table = { ...this.#table, ...next };
  }
}
