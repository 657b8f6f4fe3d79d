import type { StreamPipeline } from './stream.ts';

/**
 * The streams of a pipeline that are in memory, each in one of three parts, those used last at the end: changed since they were last saved; being saved;
 * saved as they are. Only the last can be left out of memory, since what was saved brings them back as they were.
 */
export class ResidentStreams {
  readonly #changed = new Map<string, StreamPipeline>();
  readonly #saving = new Map<string, StreamPipeline>();
  readonly #saved = new Map<string, StreamPipeline>();

  get size(): number {
    return this.#changed.size + this.#saving.size + this.#saved.size;
  }

  get(name: string): StreamPipeline | undefined {
    return this.#changed.get(name) ?? this.#saving.get(name) ?? this.#saved.get(name);
  }

  *all(): Generator<StreamPipeline> {
    for (const part of [this.#saved, this.#saving, this.#changed]) yield* part.values();
  }

  /** The stream was just used, or came into memory. */
  put(stream: StreamPipeline): void {
    const name = stream.stream;
    const isSaving = this.#saving.delete(name);
    for (const part of [this.#changed, this.#saved]) part.delete(name);
    (stream.changed ? this.#changed : isSaving ? this.#saving : this.#saved).set(name, stream);
  }

  /** Takes out of memory the one that was used longest ago, of those that can be. */
  dropOldest(): StreamPipeline | undefined {
    const [oldest] = this.#saved.values();
    if (oldest) this.#saved.delete(oldest.stream);
    return oldest;
  }

  /** The streams that have changed, which are being saved from now on. */
  beginSaving(): readonly StreamPipeline[] {
    const streams = [...this.#changed.values()];
    for (const stream of streams) this.#saving.set(stream.stream, stream);
    this.#changed.clear();
    return streams;
  }

  /** Those that were being saved are. */
  endSaving(): void {
    for (const [name, stream] of this.#saving) this.#saved.set(name, stream);
    this.#saving.clear();
  }
}
