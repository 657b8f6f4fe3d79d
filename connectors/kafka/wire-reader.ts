/** Reads the types of Kafka's protocol from an answer. @see https://kafka.apache.org/protocol#protocol_types */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#skip(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#skip(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#skip(4));
  }

  /** null as empty. */
  string(): string {
    return this.#text(Math.max(0, this.int16()));
  }

  array<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, item);
  }

  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#skip(1)];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  compactString(): string {
    return this.#text(Math.max(0, this.unsignedVarint() - 1));
  }

  compactArray<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.unsignedVarint() - 1) }, item);
  }

  /** Fields that may be absent, each read by the function of its number; others are passed over. */
  tagged(fields: Readonly<Record<number, (reader: WireReader) => void>> = {}): void {
    for (let count = this.unsignedVarint(); count > 0; count--) {
      const tag = this.unsignedVarint();
      const size = this.unsignedVarint();
      const from = this.#skip(size);
      fields[tag]?.(new WireReader(this.#bytes.subarray(from, from + size)));
    }
  }

  #text(size: number): string {
    const from = this.#skip(size);
    return this.#bytes.toString('utf8', from, from + size);
  }

  /** @returns where what is skipped begins. @throws RangeError when it is not all there */
  #skip(size: number): number {
    const from = this.#at;
    if (size > this.left) throw new RangeError(`an answer of ${this.#bytes.length} bytes ends where ${size} more were expected`);
    this.#at += size;
    return from;
  }
}
